using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Postgres;
using Tidelock.Rollbacks.Beside;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>All runs, or where one of them stands.</summary>
internal sealed class StatusVerb : Verb
{
    private const int Most = 20;

    private readonly Argument<string?> run;

    public StatusVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("status", texts.Render("cli.status.help"), at) =>
        Add(run = RunArgument.Make(texts, texts.Render("cli.argument.any-run")));

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var journal = await context.JournalAsync(cancellation);
        if (context.Arguments.GetValue(run) is { } named)
        {
            await ShowAsync(context, journal, await RunArgument.FindAsync(journal, named, cancellation), cancellation);
            return ExitCode.Done;
        }

        var runs = await journal.ListAsync(cancellation);
        foreach (var heads in runs.Take(Most))
        {
            await ListAsync(context, journal, heads.Run, cancellation);
        }

        if (runs.Count == 0 && !context.Json)
        {
            context.Terminal.Say(Message.Of("cli.status.none", ("journal", journal.Location)));
        }

        return ExitCode.Done;
    }

    private static async Task ListAsync(
        VerbContext context,
        IJournal journal,
        RunId run,
        CancellationToken cancellation
    )
    {
        var entries = await RunReader.EntriesAsync(journal, run, cancellation);
        var report = RunReport.Of(entries, context.Time.GetUtcNow());
        if (context.Json)
        {
            context.Terminal.Print(RunSummary.Of(report).ToJson() + "\n");
            return;
        }

        var words = context.Terminal.Words;
        var word = words.Of(report.Outcome.Standing);
        var header = report.Header;
        context.Terminal.Show(
            new Row(
                word.Mark,
                report.Run,
                $"{words.Time(header?.StartedAt)}  {header?.Change} → {header?.Environment}  {word.Word}",
                word.Tone
            )
        );
    }

    private static async Task ShowAsync(
        VerbContext context,
        IJournal journal,
        RunId run,
        CancellationToken cancellation
    )
    {
        var entries = await RunReader.EntriesAsync(journal, run, cancellation);
        var now = context.Time.GetUtcNow();
        if (context.Json)
        {
            context.Terminal.Print(ReportRenderer.Json(RunReport.Of(entries, now)));
            return;
        }

        var words = context.Terminal.Words;
        context.Terminal.Show([.. new RunScreen(words).Rows(RunReport.Of(entries, now), entries, now)]);
        var state = RunState.Of(entries.Select(RunEvents.Parse));
        if (BesideFacts.OpenSwap(state) is { } swap)
        {
            context.Terminal.Problem(
                Message.Of("cli.status.swap-open", ("name", Identifiers.Quote(swap.Name)), ("run", run))
            );
        }

        if (state.Status is not RunStatus.Running && StopAdvice.Of(run, state) is { } advice)
        {
            context.Terminal.Show([Row.Gap, .. new StopRows(words).Rows(advice)]);
        }
    }
}
