using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Tests.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Steps;

/// <summary>A look beside the ticks: its pace, what waits for it, and what is made of its failure.</summary>
public sealed class SlowSignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2500);
    private readonly FakeTimeProvider time = new(SampleEvents.Zero);

    [Fact]
    public async Task Neither_a_tick_nor_another_look_waits_for_a_slow_one()
    {
        var hanging = new TaskCompletionSource<Sample>();
        await using var slow = Of(_ => hanging.Task);
        await using var other = Of(_ => Task.FromResult(BuiltInSignals.Fine("contract", time.GetUtcNow())));
        var tick = slow.TakeAsync(Patience, default);
        Assert.Single(await other.TakeAsync(Patience, default));
        Assert.False(tick.IsCompleted);
        await PassAsync(tick, Patience);
        Assert.Empty(await tick);

        hanging.SetResult(BuiltInSignals.Fine("downstream", time.GetUtcNow()));
        Assert.Single(await slow.TakeAsync(Patience, default));
    }

    [Fact]
    public async Task A_look_begins_when_it_is_time_and_its_finding_is_taken_once()
    {
        var looks = 0;
        await using var slow = Of(_ =>
        {
            looks++;
            return Task.FromResult(BuiltInSignals.Fine("contract", time.GetUtcNow()));
        });
        Assert.Single(await slow.TakeAsync(Patience, default));
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(await slow.TakeAsync(Patience, default));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(await slow.TakeAsync(Patience, default));
        Assert.Equal(2, looks);
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task Whatever_a_look_throws_is_an_error_of_the_instrument(Type kind)
    {
        await using var slow = Of(_ => throw (Exception)Activator.CreateInstance(kind, "odd")!);
        var sample = Assert.Single(await slow.TakeAsync(Patience, default));
        Assert.Equal((SampleOutcome.Error, "steps.watch.not-read"), (sample.Outcome, sample.Detail!.Code));
        Assert.Contains("odd", sample.Detail.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_statement_prepared_before_the_change_is_no_data_and_a_lost_target_is_passed_on()
    {
        await using var outdated = Of(_ =>
            throw new PostgresException("odd", "ERROR", "ERROR", "0A000", routine: "RevalidateCachedQuery")
        );
        var sample = Assert.Single(await outdated.TakeAsync(Patience, default));
        Assert.Equal((SampleOutcome.NoData, "watching.outdated-plan"), (sample.Outcome, sample.Detail!.Code));

        await using var lost = Of(_ => throw new TargetLostException(Message.Of("runs.completed")));
        await Assert.ThrowsAsync<TargetLostException>(() => lost.TakeAsync(Patience, default));
    }

    [Fact]
    public async Task A_look_that_is_under_way_is_told_to_end_with_the_watch()
    {
        var told = false;
        var slow = Of(async end =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, end)
                .ContinueWith(_ => told = true, default, default, TaskScheduler.Default);
            return BuiltInSignals.Fine("contract", time.GetUtcNow());
        });
        var tick = slow.TakeAsync(Patience, default);
        await PassAsync(tick, Patience);
        await slow.DisposeAsync();
        Assert.True(told);
    }

    private SlowSignal Of(Func<CancellationToken, Task<Sample>> look) =>
        new("contract", look, TimeSpan.FromMinutes(1), time);

    /// <summary>Lets time pass until a tick that waits has ended.</summary>
    private async Task PassAsync(Task tick, TimeSpan span)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!tick.IsCompleted && TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(20))
        {
            time.Advance(span);
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, default);
        }
    }
}
