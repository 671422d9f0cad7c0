using System.CommandLine;
using Tidelock.Cli.Running;
using Tidelock.Deployments;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Takes a change back; without a method it lists the ways and what each would cost.</summary>
internal sealed class RollbackVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> change;
    private readonly Option<string?> environment;
    private readonly Option<string?> by;
    private readonly Option<string?> method;
    private readonly Option<string?> confirm;

    public RollbackVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("rollback", texts.Render("cli.rollback.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        Add(
            change = new Option<string?>("--change")
            {
                Description = texts.Render("cli.option.change"),
                HelpName = "FOLDER",
            }
        );
        Add(
            environment = new Option<string?>("--env")
            {
                Description = texts.Render("cli.rollback.env"),
                HelpName = "NAME",
            }
        );
        Add(by = Person.Make(texts));
        Add(
            method = new Option<string?>("--method")
            {
                Description = texts.Render("cli.rollback.method"),
                HelpName = "NAME",
            }
        );
        method.CompletionSources.Add("definition", "downgrade", "backup");
        Add(confirm = DatabaseName.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var services = await context.ServicesAsync(cancellation);
        var named = context.Arguments.GetValue(run);
        var id = await RunArgument.FindAsync(services.Journal, named, s => Fits(context, s), cancellation);
        var state = await RunReader.StateAsync(services.Journal, id, cancellation);
        var folder = context.Arguments.GetValue(change);
        var person = context.Arguments.GetValue(by);
        if (await RunRequestReader.ReadAsync(context, id, state, folder, person, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        var ways = await WaysBack.AssessAsync(context, services, id, state, request, cancellation);
        if (context.Arguments.GetValue(method) is not { } chosen)
        {
            ways.Show();
            return ExitCode.Mistake;
        }

        var way = ways.Require(chosen);
        ways.Warn();
        if (way.LosesWrites)
        {
            DatabaseName.Require(context, request.Target.Database, context.Arguments.GetValue(confirm));
        }

        return await BackAsync(context, services.Deployment, id, state, request, chosen, cancellation);
    }

    /// <summary>A run whose program lives is told to turn back; only where nobody listens does this program do it.</summary>
    private static async Task<ExitCode> BackAsync(
        VerbContext context,
        Deployment deployment,
        RunId run,
        RunState state,
        DeploymentRequest request,
        string method,
        CancellationToken cancellation
    )
    {
        var sender = new CommandSender(context);
        if (
            state.Status is RunStatus.Running
            && await sender.TakenAsync(run, RunVerb.Rollback, method, request.By, cancellation) is { } command
        )
        {
            return await sender.FollowAsync(run, command, cancellation);
        }

        return await new RunView(context).ShowAsync(
            terminal => deployment.RollBackAsync(run, request, method, terminal, cancellation),
            cancellation
        );
    }

    private bool Fits(VerbContext context, RunState state)
    {
        var wanted = context.Arguments.GetValue(environment);
        return state.MayBeInPlace && (wanted is null || state.Started?.TargetEnvironment == wanted);
    }
}
