using System.CommandLine;
using System.Globalization;
using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Evidence.History;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>How changes went over a time: the four figures of DORA for each environment, read from the journal.</summary>
internal sealed class HistoryVerb : Verb
{
    private static readonly TimeSpan Quarter = TimeSpan.FromDays(90);

    private readonly Option<string?> environment;
    private readonly Option<TimeSpan?> since;

    public HistoryVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("history", texts.Render("cli.history.help"), at)
    {
        Add(environment = new("--env") { Description = texts.Render("cli.history.env"), HelpName = "NAME" });
        Add(since = DurationOption.Make("--since", texts.Render("cli.history.since"), texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var journal = await context.JournalAsync(cancellation);
        var now = context.Time.GetUtcNow();
        var history = await DeploymentHistory.ReadAsync(
            journal,
            now - (context.Arguments.GetValue(since) ?? Quarter),
            now,
            context.Arguments.GetValue(environment),
            cancellation
        );
        if (context.Json)
        {
            context.Terminal.Print(history.ToJson());
            return ExitCode.Done;
        }

        context.Terminal.Say(
            Message.Of(
                history.Runs.Count == 0 ? "cli.history.none" : "cli.history.over",
                ("from", history.From),
                ("to", history.To),
                ("runs", history.Runs.Count),
                ("journal", journal.Location)
            )
        );
        foreach (var figures in history.Environments)
        {
            Show(context, figures);
        }

        return ExitCode.Done;
    }

    private static void Show(VerbContext context, DeploymentFigures figures)
    {
        var words = context.Terminal.Words;
        context.Terminal.Show(
            Row.Of(figures.Environment, Tone.Plain),
            new Row(
                "",
                words.Say("cli.history.frequency"),
                words.Say(
                    "cli.history.per-week",
                    ("week", figures.PerWeek.ToString("0.##", CultureInfo.InvariantCulture)),
                    ("deployments", figures.Deployments),
                    ("runs", figures.Runs)
                ),
                Tone.Plain
            ),
            new Row("", words.Say("cli.history.lead"), words.Span(figures.LeadTime), Tone.Plain),
            new Row(
                "",
                words.Say("cli.history.failures"),
                figures.FailureRate is { } rate
                    ? words.Say(
                        "cli.history.share",
                        ("percent", Math.Round(rate * 100)),
                        ("failed", figures.Failed),
                        ("of", figures.Deployments)
                    )
                    : "–",
                figures.Failed > 0 ? Tone.Warn : Tone.Plain
            ),
            new Row(
                "",
                words.Say("cli.history.restore"),
                figures.NotRestored > 0
                    ? words.Say(
                        "cli.history.not-restored",
                        ("time", words.Span(figures.RestoreTime)),
                        ("open", figures.NotRestored)
                    )
                    : words.Span(figures.RestoreTime),
                figures.NotRestored > 0 ? Tone.Bad : Tone.Plain
            )
        );
    }
}
