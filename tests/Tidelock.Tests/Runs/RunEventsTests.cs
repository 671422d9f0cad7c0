using System.Text.Json;
using Tidelock.Runs;
using Tidelock.Tests.Evidence;

namespace Tidelock.Tests.Runs;

public sealed class RunEventsTests
{
    [Fact]
    public void Every_kind_of_event_stands_in_the_journal_as_approved()
    {
        var kinds = RunJson.Readable.RunEvent.PolymorphismOptions!.DerivedTypes.Select(t => t.DerivedType);
        Assert.Equal(kinds, SampleEvents.All.Select(e => e.GetType()));
        var lines = SampleEvents.All.Select(
            (e, i) => RunEvents.Format(e with { At = SampleEvents.Zero.AddSeconds(i) })
        );
        Approved.Matches("events.jsonl", string.Join('\n', lines) + "\n");
    }

    [Fact]
    public void An_event_read_back_is_written_as_before() =>
        Assert.All(
            SampleEvents.All,
            e => Assert.Equal(RunEvents.Format(e), RunEvents.Format(RunEvents.Parse(Entry(RunEvents.Format(e)))))
        );

    [Fact]
    public void A_planned_start_stands_in_the_first_event_and_one_that_is_not_planned_says_nothing_of_it()
    {
        var planned = SampleEvents.Started with { Appointment = new Appointment(SampleEvents.Zero, "Asia/Seoul") };
        var stored = RunEvents.Format(planned);
        Assert.Contains(
            """
            "appointment":{"startsAt":"2026-11-22T17:00:00+00:00","zone":"Asia/Seoul"}
            """.Trim(),
            stored,
            StringComparison.Ordinal
        );
        Assert.Equal(planned.Appointment, RunState.Of([RunEvents.Parse(Entry(stored))]).Appointment);
        Assert.DoesNotContain("appointment", RunEvents.Format(SampleEvents.Started), StringComparison.Ordinal);
        Assert.Equal("2026-11-23 02:00 Asia/Seoul", planned.Appointment!.Shown);
    }

    [Fact]
    public void A_failover_renews_the_identity_doubts_what_was_applied_and_lets_a_passed_step_look_again()
    {
        var failover = SampleEvents.All.OfType<ServerFailedOver>().Single();
        RunEvent[] applied =
        [
            SampleEvents.Started,
            new StepStarted("migrate", 1),
            new MigrationApplied("4711", Texts.Message.Of("runs.completed")),
            new StepEnded("migrate", StepResult.Passed, Texts.Message.Of("runs.completed")),
        ];

        var state = RunState.Of([.. applied, failover]);

        Assert.Equal(2, state.Identity!.Timeline);
        Assert.Equal((StepStatus.Pending, 1), (state.Step("migrate").Status, state.Step("migrate").Attempts));
        Assert.True(state is { Doubted: true, InPlace: true });
        Assert.False(RunState.Of([.. applied, failover, new MigrationReverted("failover", failover.Finding)]).Doubted);
        Assert.False(RunState.Of([SampleEvents.Started, failover]).Doubted);
    }

    [Fact]
    public void A_question_of_an_older_version_names_no_breaches_and_nothing_is_lived_with_when_it_is_answered()
    {
        var held = RunEvents.Parse(
            Entry(
                """{"kind":"RunHeld","reason":{"code":"runs.asking","arguments":{}},"at":"2026-11-22T17:00:10+00:00"}"""
            )
        );
        Assert.Null(Assert.IsType<RunHeld>(held).Breaches);
        Assert.Empty(RunState.Of([held, new CommandTaken("c1", RunVerb.Continue, "lee", "")]).Accepted);
    }

    [Theory]
    [InlineData("""{"kind":"WaveBegun","wave":3}""")]
    [InlineData("""{"wave":3}""")]
    public void A_kind_this_version_does_not_know_is_kept_and_marks_the_run(string payload)
    {
        var e = Assert.IsType<UnknownEvent>(RunEvents.Parse(Entry(payload)));
        Assert.Equal(["Kind"], e.Apply(RunState.Empty).UnknownKinds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("""{"kind":5}""")]
    [InlineData("""{"kind":"EpochTaken","epoch":"x"}""")]
    [InlineData("""{"epoch":1,"kind":"EpochTaken"}""")]
    public void A_payload_that_is_not_its_kind_is_said_to_be_broken(string payload) =>
        Assert.Throws<JsonException>(() => RunEvents.Parse(Entry(payload)));

    private static JournalEntry Entry(string payload) => JournalEntry.Next("RUN", null, "e1", "Kind", payload);
}
