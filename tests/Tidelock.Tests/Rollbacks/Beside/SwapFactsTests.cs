using System.Text.Json;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Beside;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Rollbacks.Beside;

/// <summary>What a journal tells of a swap: begun, done, undone, lost by a failover; and what people are told of the name meanwhile.</summary>
public sealed class SwapFactsTests
{
    private static readonly RunId Run = new("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2");
    private static readonly SwapPlan There = new("seedtest", 16390, "seedtest_before", 24001, "tidelock_run");
    private static readonly SwapPlan Back = new("seedtest", 24001, "seedtest_undone", 16390, "seedtest_before");
    private static readonly PostgresTarget Target = PostgresTarget.Parse(
        """host=a.example,b.example port=5432,5433 user='o\'neill' dbname=seedtest""",
        new Dictionary<string, string>(StringComparer.Ordinal)
    );

    private static readonly TargetEnvironment Unpooled = new("production", "");

    [Fact]
    public void Only_while_a_swap_is_open_the_name_may_be_closed()
    {
        var open = After(RestoreBegun());
        var closed = ClosedName.With(Message.Of("runs.undone"), Run, open, Target, Unpooled);

        Assert.Equal("runs.undone", closed.Parts!["finding"].Code);
        Assert.Equal(
            """psql -h a.example,b.example -p 5432,5433 -U 'o'\''neill' -d postgres -c 'alter database "seedtest" with allow_connections true'""",
            closed.Parts["closed"].Arguments["command"]!.ToString()!.Trim()
        );
        Assert.Null(ClosedName.Of(Run, After(Restored()), Target, Unpooled));
        Assert.Null(
            ClosedName.Of(Run, After([.. RestoreBegun(), Fact(BesideFacts.NotSwapped, There)]), Target, Unpooled)
        );
        Assert.Equal(
            "runs.undone",
            ClosedName.With(Message.Of("runs.undone"), Run, RunState.Empty, Target, Unpooled).Code
        );
    }

    [Fact]
    public void Where_a_pooler_may_hold_clients_back_the_command_that_lets_them_go_on_is_told_too()
    {
        var pooled = Unpooled with { PgBouncer = "host=pool.example port=6432 user=keeper password=hidden-word" };

        var paused = ClosedName.Of(Run, After(RestoreBegun()), Target, pooled)!;

        Assert.Equal("rollbacks.swap.may-be-closed", paused.Parts!["closed"].Code);
        Assert.Equal(
            """psql -h pool.example -p 6432 -U keeper -d pgbouncer -c 'resume "seedtest"'""",
            paused.Arguments["command"]!.ToString()!.Trim()
        );
        Assert.DoesNotContain("hidden-word", paused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_restore_that_a_failover_lost_leaves_the_change_in_place_and_no_swap()
    {
        var done = After(Restored());
        var lost = After([.. Restored(), Lost(16390), Fact(BesideFacts.NotSwapped, There)]);

        Assert.Equal((false, 24001u), (done.InPlace, done.Identity!.DatabaseOid));
        Assert.Equal(There, BesideFacts.DoneSwap(done));
        Assert.Equal((true, 16390u, 2), (lost.InPlace, lost.Identity!.DatabaseOid, lost.Identity.Timeline));
        Assert.Null(lost.Swapped);
        Assert.Null(lost.RevertedAt);
        Assert.Null(BesideFacts.DoneSwap(lost));
        Assert.Null(BesideFacts.OpenSwap(lost));
        Assert.Equal(StepStatus.Pending, lost.Step(BesideFacts.Step).Status);
    }

    [Fact]
    public void An_undo_that_a_failover_lost_leaves_what_was_restored_and_can_be_made_again()
    {
        RunEvent[] undone =
        [
            .. Restored(),
            new RollbackStarted(RollbackWay.Undo, Message.Of("runs.asked-by", ("by", "kim")), "kim"),
            Fact(BesideFacts.Swap, Back),
            Swapped(Back),
            new RollbackUndone(Message.Of("runs.undone")),
        ];
        var lost = After([.. undone, Lost(24001), Fact(BesideFacts.NotSwapped, Back)]);

        Assert.True(After(undone).InPlace);
        Assert.False(lost.InPlace);
        Assert.Equal((24001u, There.Kept), (lost.Identity!.DatabaseOid, lost.Swapped!.Kept));
        Assert.NotNull(lost.RevertedAt);
        Assert.Null(lost.UndoneAt);
        Assert.Equal(Back, BesideFacts.LastSwap(lost));
    }

    [Fact]
    public void A_plan_of_an_earlier_version_names_no_saved_rows()
    {
        var plan = JsonSerializer.Deserialize(
            """{"name":"seedtest","leaving":16390,"kept":"seedtest_before","coming":24001,"beside":"tidelock_run"}""",
            RollbacksJson.Default.SwapPlan
        );

        Assert.Equal(There, plan);
        Assert.NotEqual(There, There with { Saved = "tidelock_rescue_x" });
        Assert.DoesNotContain(
            "saved",
            JsonSerializer.Serialize(There, RollbacksJson.Default.SwapPlan),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_became_of_the_sequences_is_told_of_the_swap_that_it_is_of_and_of_no_other()
    {
        var problem = Message.Of("rollbacks.sequences.not-carried", ("reason", "too slow"));
        var noted = new SwapCarried(There.Coming, [new RelationName("public", "numbers")], problem);
        var state = After([
            .. RestoreBegun(),
            new FactRecorded(
                BesideFacts.Step,
                BesideFacts.Numbers,
                JsonSerializer.SerializeToElement(noted, RollbacksJson.Default.SwapCarried)
            ),
        ]);

        var told = RunSwap.Event(state, There, null, null, BesideFacts.CarriedIn(state, There)).Finding.ToString();

        Assert.Contains("to the last number given out: public.numbers", told, StringComparison.Ordinal);
        Assert.Contains("too slow", told, StringComparison.Ordinal);
        Assert.Null(BesideFacts.CarriedIn(state, Back));
        Assert.Null(BesideFacts.CarriedIn(After(RestoreBegun()), There));
    }

    private static RunEvent[] RestoreBegun() =>
        [
            SampleEvents.Started,
            new MigrationApplied("4711", Message.Of("runs.found-committed", ("transaction", "4711"))),
            new RollbackStarted("backup", Message.Of("runs.asked-by", ("by", "kim")), "kim"),
            Fact(BesideFacts.Swap, There),
        ];

    private static RunEvent[] Restored() =>
        [
            .. RestoreBegun(),
            Swapped(There),
            new MigrationReverted("backup", Message.Of("runs.rolled-back", ("method", "backup"))),
            new StepEnded(BesideFacts.Step, StepResult.Passed, Message.Of("runs.undone")),
        ];

    private static DatabaseSwapped Swapped(SwapPlan plan) =>
        new(
            SampleEvents.Started.Identity with
            {
                DatabaseOid = plan.Coming,
            },
            plan.Kept,
            null,
            Message.Of("rollbacks.beside.swapped", ("name", plan.Name))
        );

    private static ServerFailedOver Lost(uint oid) =>
        new(
            SampleEvents.Started.Identity with
            {
                DatabaseOid = oid,
                Timeline = 2,
            },
            Message.Of("runs.failed-over"),
            BesideFacts.Step
        )
        {
            LosesSwap = true,
        };

    private static FactRecorded Fact(string name, SwapPlan plan) =>
        new(BesideFacts.Step, name, JsonSerializer.SerializeToElement(plan, RollbacksJson.Default.SwapPlan));

    private static RunState After(IReadOnlyList<RunEvent> events) =>
        RunState.Of(events.Select((e, at) => e with { At = SampleEvents.Zero.AddSeconds(at) }));
}
