using Microsoft.Extensions.Time.Testing;
using Tidelock.Deployments;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Deployments;

public sealed class RunLossesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly Message Gone = Message.Of("runs.lock-lost", ("target", "db"));
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void A_loss_is_over_when_the_patience_is_and_not_before()
    {
        var losses = new RunLosses(time, Patience);
        losses.Lost(Gone, RunState.Empty);
        Assert.Equal(Gone, losses.Reason);
        time.Advance(Patience);
        Assert.False(losses.IsOver);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(losses.IsOver);
    }

    [Fact]
    public void What_was_found_again_is_no_longer_lost_and_a_later_loss_has_its_own_patience()
    {
        var losses = new RunLosses(time, Patience);
        losses.Lost(Gone, RunState.Empty);
        losses.Found();
        Assert.Null(losses.Reason);
        time.Advance(Patience * 2);
        Assert.False(losses.IsOver);
        losses.Lost(Gone, RunState.Empty);
        time.Advance(Patience / 2);
        Assert.False(losses.IsOver);
        time.Advance(Patience);
        Assert.True(losses.IsOver);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_database_that_is_lost_again_and_again_at_the_same_place_is_given_up(bool ticks, bool isWatching)
    {
        var losses = new RunLosses(time, Patience);
        var state = isWatching ? new StepStarted("watch", 1).Apply(RunState.Empty) : RunState.Empty;
        for (var i = 0; i < 4; i++)
        {
            Assert.False(losses.IsOver);
            losses.Lost(Gone, state);
            losses.Found();

            // Ticks of the watch are progress; those beside the step before it are none.
            state = ticks ? new WatchTicked(false, [], []).Apply(state) : state;
        }

        Assert.Equal(!isWatching, losses.IsOver);
    }
}
