using System.Globalization;
using System.Text.Json;
using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Evidence;

/// <summary>A run's journal written by hand: events at times from T-0, chained as a journal chains them.</summary>
internal sealed class RunStory
{
    public const string Run = "01JDK3V4Q8Z5W6X7Y8Z9A0B1C2";
    public static readonly DateTimeOffset Zero = new(2026, 11, 22, 17, 0, 0, TimeSpan.Zero);

    private readonly List<JournalEntry> entries = [];

    public IReadOnlyList<JournalEntry> Entries => entries;

    public RunStory Started(
        string change = "attempt-view-v1",
        string title = "Lock the attempt VIEW to its V1 shape",
        string link = "#73",
        Appointment? appointment = null,
        TimeSpan? watchFor = null
    ) =>
        At(
                -130,
                new RunStarted(
                    change,
                    title,
                    "7f3a" + new string('0', 56) + "c2d1",
                    "examples/attempt-view-v1",
                    "production",
                    "seedtest at db.example:5432",
                    new ServerIdentity("7301234567890123456", 1, "seedtest", 16390, 150018, false),
                    "definition",
                    "bastion-1",
                    "mina",
                    "0.1.0",
                    watchFor ?? TimeSpan.FromMinutes(30),
                    new Dictionary<string, string>(StringComparer.Ordinal)
                    {
                        ["on-call"] = "PagerDuty",
                        ["database"] = "Slack #db-ops",
                    },
                    new Dictionary<string, string>(StringComparer.Ordinal)
                    {
                        ["pull request"] = link,
                        ["runbook"] = "RUNBOOK.md",
                    }
                )
                {
                    Appointment = appointment,
                }
            )
            .At(-130, new EpochTaken(1, "bastion-1", 4711));

    public RunStory Gate(
        string gate,
        string finding = "as it should be",
        bool passed = true,
        string? by = null,
        bool overridden = false,
        string level = "required"
    ) => At(-128, new GateEvaluated(gate, level, passed, Said(finding), by, overridden));

    public RunStory Step(
        string name,
        double from,
        double to,
        StepResult result = StepResult.Passed,
        string finding = "as expected"
    ) => At(from, new StepStarted(name, 1)).At(to, new StepEnded(name, result, Said(finding)));

    public RunStory Fact(double at, string step, string name, string json)
    {
        using var value = JsonDocument.Parse(json);
        return At(at, new FactRecorded(step, name, value.RootElement.Clone()));
    }

    public RunStory Tick(
        double at,
        double errorRate,
        double? p95,
        VerdictState state,
        double progress,
        bool baseline = false
    ) =>
        At(
            at,
            new WatchTicked(
                baseline,
                [
                    Sample.Of("error_rate", Zero.AddSeconds(at), errorRate),
                    p95 is { } value
                        ? Sample.Of("p95", Zero.AddSeconds(at), value)
                        : Sample.Error("p95", Zero.AddSeconds(at), Said("connection refused")),
                ],
                baseline
                    ? []
                    :
                    [
                        new Verdict("error_rate < 0.1%", VerdictState.Healthy, Said("error_rate inside its bound"), 0),
                        new Verdict(
                            "error_rate > 1% for 5m",
                            VerdictState.Healthy,
                            Said("error_rate far below 1 %"),
                            0.03
                        ),
                        new Verdict("p95 < 500ms", VerdictState.Healthy, Said("p95 inside its bound"), 0),
                        new Verdict("p95 > 2x baseline for 10m", state, Said("p95 mean over 10 min"), progress),
                    ]
            )
        );

    /// <summary>Every ten seconds, a wave that does not depend on chance.</summary>
    public RunStory Watched(double from, double to, double p95 = 0.22, bool baseline = false, double every = 10)
    {
        for (var at = from; at <= to; at += every)
        {
            Tick(
                at,
                0.0002 + (0.0001 * Math.Sin(at / 60)),
                p95 + (0.02 * Math.Sin(at / 45)),
                VerdictState.Healthy,
                0.3,
                baseline
            );
        }

        return this;
    }

    public RunStory At(double seconds, RunEvent e)
    {
        var payload = RunEvents.Format(e with { At = Zero.AddSeconds(seconds) });
        return Stored(e.GetType().Name, payload);
    }

    public RunStory Stored(string kind, string payload)
    {
        var last = entries.Count > 0 ? entries[^1] : null;
        var id = (entries.Count + 1).ToString("D8", CultureInfo.InvariantCulture);
        entries.Add(JournalEntry.Next(Run, last, id, kind, payload));
        return this;
    }

    /// <summary>Words without an entry in the catalog: they are shown as they are.</summary>
    public static Message Said(string words) => Message.Of(words + ".");
}
