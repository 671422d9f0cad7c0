using System.CommandLine;
using Tidelock.Cli.Running;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Looks on at a run that another program runs, from its begin to its end, and ends as it does.</summary>
internal sealed class WatchVerb : Verb
{
    private readonly Argument<string?> run;

    public WatchVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("watch", texts.Render("cli.watch.help"), at) => Add(run = RunArgument.Make(texts));

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var journal = await context.JournalAsync(cancellation);
        var id = await RunArgument.FindAsync(
            journal,
            context.Arguments.GetValue(run),
            s => s.Status is RunStatus.Running,
            cancellation
        );
        var services = await context.ServicesAsync(cancellation);
        return await new RunView(context).LookOnAsync(
            terminal => services.Deployment.FollowAsync(id, command: null, terminal, cancellation),
            cancellation
        );
    }
}
