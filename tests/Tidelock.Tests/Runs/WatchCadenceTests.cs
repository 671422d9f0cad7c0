using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Runs;

/// <summary>What a screen asks of a run under watch: how long it lasts in all, and when every tick is worth a line.</summary>
public sealed class WatchCadenceTests
{
    [Fact]
    public void The_watch_lasts_as_long_as_people_have_made_it()
    {
        var state = SampleEvents.Started.Apply(RunState.Empty);
        var declared = state.Started!.WatchFor;
        Assert.Equal(declared, state.WatchFor);
        state = new CommandTaken("1", RunVerb.Extend, "lee", "15m").Apply(state);
        state = new CommandTaken("2", RunVerb.Extend, "lee", "90s").Apply(state);
        Assert.Equal(declared + TimeSpan.FromSeconds(990), state.WatchFor);
    }

    [Theory]
    [InlineData(VerdictState.Healthy, 0.4, false, false)]
    [InlineData(VerdictState.Healthy, 0.6, false, true)]
    [InlineData(VerdictState.Unknown, 0, false, false)]
    [InlineData(VerdictState.Breached, 1, false, true)]
    [InlineData(VerdictState.Healthy, 0, true, true)]
    public void Every_tick_is_told_when_something_may_happen_soon(
        VerdictState verdict,
        double progress,
        bool isHeld,
        bool isNear
    )
    {
        var state = isHeld ? new RunHeld(Message.Of("runs.completed"), null).Apply(RunState.Empty) : RunState.Empty;
        var tick = new WatchTicked(
            false,
            [Sample.Of("p95", SampleEvents.Zero, 1)],
            [new Verdict("p95 > 1s", verdict, Message.Of("watching.healthy"), progress)]
        );
        Assert.Equal(isNear, tick.IsNearAnEvent(state));
    }
}
