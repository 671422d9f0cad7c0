using System.Text.Json;
using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Runs;

/// <summary>One event of every kind.</summary>
internal static class SampleEvents
{
    public static readonly DateTimeOffset Zero = new(2026, 11, 22, 17, 0, 0, TimeSpan.Zero);

    public static RunStarted Started { get; } =
        new(
            "attempt-view-v1",
            "Lock the attempt VIEW",
            new string('a', 64),
            "/changes/attempt-view-v1",
            "production",
            "seedtest at db.example:5432",
            new ServerIdentity("7301234567890123456", 1, "seedtest", 16390, 150018, false),
            "definition",
            "bastion-1",
            "kim",
            "0.1.0",
            TimeSpan.FromMinutes(30),
            new Dictionary<string, string>(StringComparer.Ordinal) { ["on-call"] = "PagerDuty" },
            new Dictionary<string, string>(StringComparer.Ordinal) { ["pull request"] = "#73" }
        );

    public static IReadOnlyList<RunEvent> All { get; } =
    [
        Started,
        new EpochTaken(1, "bastion-1", 4711),
        new ServerFailedOver(
            Started.Identity with
            {
                Timeline = 2,
            },
            Message.Of("runs.failed-over", ("target", "seedtest at db.example:5432"), ("then", 1), ("now", 2)),
            "migrate"
        ),
        new GateEvaluated("approval", "required", true, Message.Of("gates.overridden", ("by", "lee")), "lee", true),
        new StepStarted("migrate", 1),
        new StepEnded("migrate", StepResult.Passed, Message.Of("steps.migrate.already")),
        new FactRecorded("migrate", "try", Json("""{"number":1,"transactionId":"4711"}""")),
        new BlockerActed(
            "migrate",
            "cancel",
            4242,
            Zero.AddHours(-1),
            true,
            Message.Of("migrations.blockers.ended", ("pid", 4242), ("user", "reporting"))
        ),
        new MigrationApplied("4711", Message.Of("runs.found-committed", ("transaction", "4711"))),
        new MigrationReverted("definition", Message.Of("runs.rolled-back", ("method", "definition"))),
        new DatabaseSwapped(
            Started.Identity with
            {
                DatabaseOid = 24001,
            },
            "seedtest_before_01JDK3V4Q8Z5W6X7Y8Z9A0B1C2",
            TimeSpan.FromMilliseconds(312),
            Message.Of("rollbacks.beside.swapped", ("name", "seedtest"))
        ),
        new RollbackUndone(Message.Of("runs.undone")),
        new WatchTicked(
            false,
            [Sample.Of("p95", Zero, 0.22)],
            [new Verdict("p95 < 500ms", VerdictState.Healthy, Message.Of("runs.completed"), 0.5)]
        ),
        new RunHeld(Message.Of("runs.asking", ("limit", TimeSpan.FromMinutes(5))), Zero.AddMinutes(5))
        {
            Breaches = [new AskedBreach("p95 > 500ms", true)],
        },
        new RunContinued(Message.Of("runs.continued-by", ("by", "바다"))),
        new CommandTaken("c1", RunVerb.Rollback, "lee", "backup"),
        new BoundChanged(
            "c3",
            "c2",
            "p95 > 2x baseline for 10m",
            "p95 > 3x baseline for 10m",
            "the nightly import runs",
            "kim",
            "lee",
            BoundStanding.Applied,
            Message.Of("runs.bound.confirmed", ("by", "lee"), ("asked", "kim"))
        ),
        new RollbackStarted("backup", Message.Of("runs.asked-by", ("by", "lee")), "lee"),
        new NoticeSent("slack", 24, new string('b', 64), Ids("C024BE91L", "1405894322.002768")),
        new NoticeFailed(
            "slack",
            Message.Of("notifications.slack.error", ("error", "token_revoked")),
            Ids("C024BE91L", "1405894322.002768")
        ),
        new RunSuspended(Message.Of("runs.left-unwatched", ("by", "kim"))),
        new RunEnded(RunResult.RolledBack, Message.Of("runs.rolled-back", ("method", "backup"))),
    ];

    private static SortedDictionary<string, string> Ids(string channel, string stamp) =>
        new(StringComparer.Ordinal) { ["channel"] = channel, ["ts"] = stamp };

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
