using System.Threading.Channels;
using Tidelock.Changes;
using Tidelock.Cli.Rendering;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Evidence.Anchors;
using Tidelock.Evidence.Keeping;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Web;

namespace Tidelock.Cli.Running;

/// <summary>Stays with a run from its begin to its end: shows it, brings it the signals, and writes its evidence down.</summary>
internal sealed class RunView(VerbContext context)
{
    /// <summary>What a person needs where no run was begun; null for nothing.</summary>
    public StopAdvice? BeforeStart { get; init; }

    /// <summary>The change, which may declare what is kept of its run; null where it is not at hand.</summary>
    public Change? Change { get; init; }

    /// <summary>Runs <paramref name="work"/> with the terminal it is seen on, and shows how it ended.</summary>
    public async Task<ExitCode> ShowAsync(
        Func<DeploymentTerminal, Task<DeploymentEnd>> work,
        CancellationToken cancellation
    ) => await EndAsync(await RunAsync(work), cancellation);

    /// <summary>The same at a run of another program: Ctrl-C ends only the looking on.</summary>
    public async Task<ExitCode> LookOnAsync(
        Func<DeploymentTerminal, Task<DeploymentEnd>> work,
        CancellationToken cancellation
    ) => await EndAsync(await RunAsync(work, _ => Message.Of("cli.live.keys-looking")), cancellation);

    /// <summary>The run itself, for whoever shows the end in another way.</summary>
    public Task<DeploymentEnd> RunAsync(Func<DeploymentTerminal, Task<DeploymentEnd>> work) =>
        RunAsync(work, s => Message.Of(s.InPlace ? "cli.live.keys-after" : "cli.live.keys-before"));

    private async Task<DeploymentEnd> RunAsync(
        Func<DeploymentTerminal, Task<DeploymentEnd>> work,
        Func<RunState, Message> keys
    )
    {
        var requests = Channel.CreateUnbounded<RunRequest>();
        await using var screen = Screen(keys);
        using var signals = new SignalHandling(requests.Writer);
        return await work(new DeploymentTerminal(screen, new TerminalDialogue(screen), requests));
    }

    private async Task<ExitCode> EndAsync(DeploymentEnd end, CancellationToken cancellation)
    {
        var advice = await AdviceAsync(end, cancellation);
        if (!context.Json)
        {
            Tell(end);
        }

        var (evidence, head) = end is { Run: { } run, State: null or { Status: not RunStatus.Running } }
            ? await KeepEvidenceAsync(run, cancellation)
            : (null, null);
        if (context.Json)
        {
            (EndLine.Of(end, context.Texts).With(advice, context.Texts) with { Evidence = evidence }).Print(
                context.Terminal
            );
        }
        else if (evidence is not null)
        {
            context.Terminal.Say(Message.Of("cli.evidence.kept", ("file", evidence), ("run", end.Run), ("head", head)));
        }

        if (evidence is not null && Change is not null)
        {
            await KeepDeclaredAsync(end.Run!.Value, Change, cancellation);
        }

        if (!context.Json && advice is not null)
        {
            context.Terminal.Show(new StopRows(context.Terminal.Words).Rows(advice));
        }

        return end.ExitCode;
    }

    private async Task KeepDeclaredAsync(RunId run, Change change, CancellationToken cancellation)
    {
        var keeper = new EvidenceKeeper(change, await context.JournalAsync(cancellation), context.Time);
        Tell(context, await keeper.AfterRunAsync(run, cancellation));
    }

    /// <summary>What was kept on the screen, what was not as a problem.</summary>
    public static void Tell(VerbContext context, IReadOnlyList<KeptEvidence> kept)
    {
        foreach (var (finding, isKept) in kept)
        {
            if (!isKept)
            {
                context.Terminal.Problem(finding);
            }
            else if (!context.Json)
            {
                context.Terminal.Say(finding);
            }
        }
    }

    private IRunScreen Screen(Func<RunState, Message> keys) =>
        context.Json ? new JsonScreen(context.Terminal)
        : context.Terminal.IsLive ? new LiveScreen(context.Terminal, keys, context.Time)
        : new PlainScreen(context.Terminal, context.Time);

    /// <summary>
    /// What a person needs where the run stopped; null where all is well, or where not even the journal can say. Where another program goes on with
    /// it, that is what is looked at.
    /// </summary>
    private async Task<StopAdvice?> AdviceAsync(DeploymentEnd end, CancellationToken cancellation)
    {
        if (end.ExitCode is ExitCode.Done || end.Run is not { } run)
        {
            return end.ExitCode is ExitCode.Done ? null : BeforeStart;
        }

        try
        {
            var state =
                end.State ?? await RunReader.StateAsync(await context.JournalAsync(cancellation), run, cancellation);
            return end is { ExitCode: ExitCode.AnotherRun } or { State.Status: RunStatus.Running }
                ? StopAdvice.Behind(run, state.Started?.Contacts ?? new Dictionary<string, string>())
                : StopAdvice.Of(run, state);
        }
        catch (JournalUnwritableException)
        {
            return null;
        }
    }

    /// <summary>A run that ended well has said so on its screen.</summary>
    private void Tell(DeploymentEnd end)
    {
        if (end.ExitCode is not ExitCode.Done)
        {
            context.Terminal.Problem(end.Finding);
        }
    }

    /// <summary>
    /// The evidence's file, and the head of the journal it was made of; null where there is nothing to write or it cannot be written, which was
    /// said.
    /// </summary>
    private async Task<(string? File, Anchor? Head)> KeepEvidenceAsync(RunId run, CancellationToken cancellation)
    {
        var entries = await RunReader.EntriesAsync(await context.JournalAsync(cancellation), run, cancellation);
        if (entries.Count == 0)
        {
            return (null, null);
        }

        var report = RunReport.Of(entries, context.Time.GetUtcNow());
        try
        {
            var folder = Path.Combine(StateFolder.Of(context.Variables), "evidence");
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, $"{report.Header?.Change}-{run}.html");
            var text = await HtmlReport.RenderAsync(report, context.Texts, cancellation);
            await File.WriteAllTextAsync(file, text, cancellation);
            return (file, Anchor.Of(entries[^1]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            context.Terminal.Problem(Message.Of("cli.evidence.lost", ("reason", e.Message), ("run", run)));
            return (null, null);
        }
    }
}
