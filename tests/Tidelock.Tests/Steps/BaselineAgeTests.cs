using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Steps;

/// <summary>A run that was suspended between its baseline and its change.</summary>
public sealed class BaselineAgeTests
{
    private static readonly Message Done = Message.Of("test.passed");

    [Theory]
    [InlineData(59, false, false)]
    [InlineData(61, false, true)]
    [InlineData(61, true, false)]
    public void A_baseline_of_more_than_an_hour_ago_is_measured_anew_before_the_change_has_begun(
        int minutes,
        bool hasBegun,
        bool isDue
    )
    {
        var state = At(0, new StepStarted("baseline", 1), RunState.Empty);
        state = At(1, new StepEnded("baseline", StepResult.Passed, Done), state);
        state = hasBegun ? At(2, new StepStarted("migrate", 1), state) : state;
        var step = new BaselineStep(null!, null!, null!, null!);
        Assert.Equal(isDue, step.IsDueAgain(state, SampleEvents.Zero.AddMinutes(1 + minutes)));
    }

    [Fact]
    public void A_change_that_a_failover_took_back_is_tried_again_with_the_baseline_from_before_it()
    {
        var state = At(1, new StepEnded("baseline", StepResult.Passed, Done), RunState.Empty);
        state = At(2, new StepStarted("migrate", 1), state);
        var other = new ServerIdentity("1", 2, "d", 1, 150000, false);
        state = At(3, new ServerFailedOver(other, Done, "migrate"), state);
        Assert.Equal(StepStatus.Pending, state.Step("migrate").Status);
        Assert.False(new BaselineStep(null!, null!, null!, null!).IsDueAgain(state, SampleEvents.Zero.AddHours(5)));
    }

    [Fact]
    public void What_was_measured_anew_takes_the_place_of_what_was_measured_hours_ago()
    {
        var state = At(0, Tick(1), RunState.Empty);
        state = At(30, Tick(2), state);
        Assert.Equal(2, state.BaselineTicks.Count);
        state = At(120, Tick(3), state);
        state = At(121, Tick(4), state);
        Assert.Equal([3.0, 4.0], state.BaselineTicks.Select(t => t.Samples[0].Value!.Value));
    }

    private static WatchTicked Tick(double value) => new(true, [Sample.Of("p95", SampleEvents.Zero, value)], []);

    private static RunState At(int minute, RunEvent e, RunState state) =>
        (e with { At = SampleEvents.Zero.AddMinutes(minute) }).Apply(state);
}
