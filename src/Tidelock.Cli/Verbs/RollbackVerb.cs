using System.CommandLine;
using Tidelock.Cli.Running;
using Tidelock.Deployments;
using Tidelock.Rollbacks.InPlace;
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
    private readonly Option<bool> inPlace;
    private readonly Option<bool> rescue;
    private readonly Option<bool> undo;
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
        method.CompletionSources.Add("definition", "downgrade", "backup", "in-place", "recovery");
        Add(inPlace = new Option<bool>("--in-place") { Description = texts.Render("cli.rollback.in-place") });
        Add(rescue = new Option<bool>("--rescue") { Description = texts.Render("cli.rollback.rescue") });
        Add(undo = new Option<bool>("--undo") { Description = texts.Render("cli.rollback.undo") });
        Add(confirm = DatabaseName.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var chosen = Chosen(context);
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
        if (chosen is null)
        {
            ways.Show();
            return ExitCode.Mistake;
        }

        var cost = ways.Require(chosen);
        ways.Warn();
        var way = new RollbackWay(chosen, context.Arguments.GetValue(rescue));
        if (way.Rescues && cost.Rescue is null)
        {
            throw new TidelockException(
                Message.Of(
                    !cost.LosesWrites ? "cli.rollback.nothing-to-rescue"
                        : cost.RescueObstacle is null ? "cli.rollback.cannot-rescue"
                        : "cli.rollback.rescue-obstacle",
                    ("method", chosen),
                    ("problem", cost.RescueObstacle)
                ),
                cost.LosesWrites ? ExitCode.Refused : ExitCode.Mistake
            );
        }

        if (cost.LosesWrites)
        {
            ways.Show(chosen, cost);
            DatabaseName.Require(context, request.Target.Database, context.Arguments.GetValue(confirm));
        }
        return await BackAsync(context, services.Deployment, id, state, request, way.Format(), cancellation);
    }

    /// <summary>The way that the options name; null where they name none.</summary>
    /// <exception cref="TidelockException">They name two.</exception>
    private string? Chosen(VerbContext context)
    {
        List<string> named =
        [
            .. context.Arguments.GetValue(method) is { } name ? [name] : Array.Empty<string>(),
            .. context.Arguments.GetValue(inPlace) ? [InPlaceRollback.MethodName] : Array.Empty<string>(),
            .. context.Arguments.GetValue(undo) ? [RollbackWay.Undo] : Array.Empty<string>(),
        ];
        return named.Distinct(StringComparer.Ordinal).Count() <= 1
            ? named.FirstOrDefault()
            : throw new TidelockException(
                Message.Of("cli.rollback.two-ways", ("methods", string.Join(", ", named))),
                ExitCode.Mistake
            );
    }

    /// <summary>A run whose program lives is told to turn back; only where nobody listens does this program do it.</summary>
    private static async Task<ExitCode> BackAsync(
        VerbContext context,
        Deployment deployment,
        RunId run,
        RunState state,
        DeploymentRequest request,
        string way,
        CancellationToken cancellation
    )
    {
        var sender = new CommandSender(context);
        if (
            state.Status is RunStatus.Running
            && await sender.TakenAsync(run, RunVerb.Rollback, way, request.By, cancellation) is { } command
        )
        {
            return await sender.FollowAsync(run, command, cancellation);
        }

        return await new RunView(context) { Change = request.Change }.ShowAsync(
            terminal => deployment.RollBackAsync(run, request, way, terminal, cancellation),
            cancellation
        );
    }

    private bool Fits(VerbContext context, RunState state)
    {
        var wanted = context.Arguments.GetValue(environment);
        var fits = context.Arguments.GetValue(undo) ? state.RevertedAt is not null : state.MayBeInPlace;
        return fits && (wanted is null || state.Started?.TargetEnvironment == wanted);
    }
}
