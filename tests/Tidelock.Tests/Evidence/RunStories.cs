using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Watching;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Tests.Evidence;

/// <summary>The runs every reader of evidence has to understand.</summary>
internal static class RunStories
{
    /// <summary>The fact of a rehearsal that found a lost grant.</summary>
    public const string Rehearsal = """
        {
          "manifestDigest": "ab12", "at": "2026-11-22T16:58:20+00:00", "restoreTook": "00:00:41", "tablesCompared": 2, "tablesUncounted": 0,
          "changeDigest": "7f3a", "by": "kim", "method": "downgrade", "path": "/b/seedtest-1", "size": 22753280,
          "takenAt": "2026-11-22T16:57:00+00:00", "wholeTook": "00:01:08",
          "parts": [
            { "part": "Restore", "passed": true, "took": "00:00:41",
              "finding": { "code": "rehearsals.data.restored", "arguments": { "jobs": "2", "role": "postgres" } } },
            { "part": "FixPoints", "passed": false, "took": "00:00:00.3",
              "finding": { "code": "rehearsals.data.other-rows", "arguments": { "relation": "public.notes", "before": "20", "after": "19" } } }
          ],
          "subset": { "tables": ["public.notes"], "of": 132 },
          "notes": [{ "code": "rehearsals.data.unstable", "arguments": { "relation": "public.attempt" } }]
        }
        """;

    public static RunStory Completed() =>
        Applied()
            .Step("verify", 2, 20)
            .Step("smoke", 20, 22)
            .Step("application", 22, 25)
            .At(25, new StepStarted("watch", 1))
            .Watched(30, 1825)
            .At(1826, new StepEnded("watch", StepResult.Passed, Said("30 min without a breach")))
            .Step("complete", 1826, 1830)
            .At(1830, new RunEnded(RunResult.Completed, Said("declared complete")));

    public static RunStory RolledBack()
    {
        var story = Applied()
            .Step("verify", 2, 20)
            .Step("smoke", 20, 22)
            .Step("application", 22, 25)
            .At(25, new StepStarted("watch", 1))
            .Watched(30, 480);
        for (var at = 490; at <= 1080; at += 10)
        {
            var state = at >= 1080 ? VerdictState.Breached : VerdictState.Healthy;
            story.Tick(at, 0.0004, 0.5 + (at * 0.0002), state, Math.Min(1, (at - 480) / 600.0));
        }

        return story
            .At(1080, new StepEnded("watch", StepResult.Breached, Said("p95 612 ms mean over 10 min, bound 424 ms")))
            .At(1080, new RollbackStarted("definition", Said("p95 612 ms mean over 10 min, bound 424 ms"), null))
            .At(1080, new StepStarted("rollback.revert", 1))
            .At(1081, new MigrationReverted("definition", Said("restored in 40 ms")))
            .At(1081, new StepEnded("rollback.revert", StepResult.Passed, Said("catalog identical to the baseline")))
            .Step("rollback.verify", 1081, 1083)
            .At(1083, new RunEnded(RunResult.RolledBack, Said("the old view is back")));
    }

    public static RunStory Held()
    {
        var story = Applied()
            .Step("verify", 2, 20)
            .Step("smoke", 20, 22)
            .Step("application", 22, 25)
            .At(25, new StepStarted("watch", 1))
            .Watched(30, 300);
        for (var at = 310; at <= 430; at += 10)
        {
            story.Tick(at, 0.0002, null, VerdictState.Unknown, 0);
        }

        return story
            .At(430, new RunHeld(Said("no data from Prometheus for 2 min"), Zero.AddSeconds(1030)))
            .At(440, new CommandTaken("c1", RunVerb.Extend, "joon", "10m"));
    }

    /// <summary>
    /// A day of twenty signals, read every five seconds, each of a course, a unit and bounds of its own: one spike of a single sample at noon, twelve
    /// minutes without an answer from one source, half an hour in which no program watched, and what people did meanwhile.
    /// </summary>
    public static RunStory Day()
    {
        const int Seconds = 24 * 3600;
        var story = Applied(TimeSpan.FromHours(24), DayBaseline)
            .Step("verify", 2, 20)
            .Step("smoke", 20, 22)
            .Step("application", 22, 25)
            .At(25, new StepStarted("watch", 1));
        for (var at = 30; at <= Seconds; at += 5)
        {
            if (at is < 50_000 or > 51_800)
            {
                story.At(at, DayTick(at));
            }

            _ = at switch
            {
                20_700 => story.At(
                    at,
                    new RunHeld(Said("no data from Prometheus for 2 min"), Zero.AddSeconds(at + 600))
                ),
                21_000 => story.At(at, new RunContinued(Said("joon says go on"))),
                30_000 => story.At(at, new CommandTaken("c1", RunVerb.Extend, "joon", "10m")),
                50_000 => story.At(at, new EpochTaken(3, "bastion-2", 5120)),
                _ => story,
            };
        }

        return story
            .At(Seconds + 1, new StepEnded("watch", StepResult.Passed, Said("24 h without a breach")))
            .Step("complete", Seconds + 1, Seconds + 3)
            .At(Seconds + 3, new RunEnded(RunResult.Completed, Said("declared complete")));
    }

    private static RunStory DayBaseline(RunStory story)
    {
        for (var at = -95; at <= -5; at += 5)
        {
            story.At(at, DayTick(at) with { Baseline = true, Verdicts = [] });
        }

        return story;
    }

    private static WatchTicked DayTick(int at)
    {
        var time = Zero.AddSeconds(at);
        return new WatchTicked(
            false,
            [.. Enumerable.Range(0, 20).Select(i => DaySample(i, at, time))],
            [
                new("error_rate_0 < 1%", VerdictState.Healthy, Said("inside its bound"), 0),
                new("p95_1 < 500ms", VerdictState.Healthy, Said("inside its bound"), 0),
                new("calls_2 > 100/s", VerdictState.Healthy, Said("inside its bound"), 0),
                new("connections_3 < 900 for 10m", VerdictState.Healthy, Said("far below 900"), at == Noon ? 0.4 : 0.1),
            ]
        );
    }

    private static Sample DaySample(int i, int at, DateTimeOffset time)
    {
        var wave = 1 + (0.4 * Math.Sin((at / 13_751.0) + i)) + (0.1 * Math.Sin(at / (90.0 + i)));
        var (name, value) = (i % 4) switch
        {
            0 => ("error_rate", 0.002 * wave),
            1 => ("p95", 0.21 * wave),
            2 => ("calls", 1_234.5 * wave),
            _ => ("connections", at == Noon ? 987 : Math.Round(140 * wave)),
        };
        return i == 5 && at is >= 20_500 and < 21_220
            ? Sample.Error($"{name}_{i}", time, Said("connection refused"))
            : Sample.Of($"{name}_{i}", time, value);
    }

    private const int Noon = 43_200;

    private const string Candidate = """
        {
          "relation": { "schema": "public", "name": "attempt" }, "took": "00:00:02",
          "checks": [
            {
              "standing": "Holds",
              "text": { "code": "contracts.candidate.content", "arguments": { "rows": "200000" } }
            },
            {
              "standing": "Unchecked",
              "text": {
                "code": "contracts.candidate.unchecked", "arguments": {},
                "parts": {
                  "check": { "code": "contracts.candidate.query", "arguments": { "section": "smoke", "check": "a|<b>" } },
                  "reason": { "code": "contracts.candidate.through", "arguments": { "functions": "public.best()" } }
                }
              }
            }
          ]
        }
        """;

    private const string Content = """
        {
          "relation": { "schema": "public", "name": "attempt" }, "key": ["session_id", "item_id"],
          "oldRows": 200000, "newRows": 200000, "rows": "Same",
          "columns": [
            { "name": "attempt_no", "standing": "Same", "expected": "Same" },
            {
              "name": "id", "standing": "Changed", "expected": "Changed", "rows": 200000,
              "example": { "key": "(session-1,1020)", "old": "1152921", "new": "-8123" }
            },
            {
              "name": "student_id", "standing": "Changed", "expected": "Changed", "rows": 133333,
              "example": { "key": "(session-1,\"a|`<b>한글\")", "new": "0018c10b-a7e3-ccf1-83ec-81cf121c6ce3" }
            }
          ],
          "took": "00:00:02.1"
        }
        """;

    private static RunStory Applied(TimeSpan? watchFor = null, Func<RunStory, RunStory>? baseline = null) =>
        (baseline ?? (s => s.Watched(-95, -5, baseline: true)))(
            new RunStory()
                .Started(watchFor: watchFor)
                .Gate("staging", "in place on staging for 31 h without a breach")
                .Gate("backup", "taken, verified and rehearsed by the run")
                .Gate("approval", "approved by joon and sora (2 needed)", by: "joon")
                .Gate("announcement", "the team was told 32 min ago in #db-ops")
                .Gate("dashboards", "grafana.example answers 502", passed: false, by: "mina", overridden: true)
                .Gate("on-call", "1 of 2 stand by", passed: false, level: "recommended")
                .Step("prerequisites", -120, -119.6)
                .Step("backup", -119, -100)
                .Fact(
                    -100,
                    "backup",
                    "manifest",
                    """{ "file": "backup/seedtest", "bytes": 1288490188, "sha256": "ab12" }"""
                )
                .At(-100, new StepStarted("baseline", 1))
        )
            .Fact(-4, "baseline", "candidate", Candidate)
            .Fact(-4, "baseline", "content", Content)
            .At(-1, new StepEnded("baseline", StepResult.Passed, Said("200,000 rows, 3 dependents")))
            .At(0, new StepStarted("migrate", 1))
            .Fact(0.1, "migrate", "intent", """{ "transaction": "7731" }""")
            .At(1, new EpochTaken(2, "bastion-1", 4800))
            .At(1, new StepStarted("migrate", 2))
            .Fact(1.2, "migrate", "intent", """{ "transaction": "7733", "note": "`quoted` <b>한글</b>" }""")
            .At(1.5, new MigrationApplied("7733", Said("view replaced in 41 ms")))
            .At(1.6, new StepEnded("migrate", StepResult.Passed, Said("readers waited at most 48 ms")));
}
