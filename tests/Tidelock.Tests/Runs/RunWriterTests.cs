using Microsoft.Extensions.Time.Testing;
using Tidelock.Runs;

namespace Tidelock.Tests.Runs;

public sealed class RunWriterTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_journal_that_hangs_is_as_one_that_is_down_whether_or_not_it_heeds_its_cancellation(bool heeds)
    {
        await using var run = await RunFixture.CreateAsync();
        var time = new FakeTimeProvider();
        run.Journal.Hangs = heeds ? Hanging.UntilCancelled : Hanging.ForEver;
        var writer = new RunWriter(run.Journal, run.Run, 1, RunState.Empty, null, time, TimeSpan.FromSeconds(30), run);
        var appending = writer.AppendAsync(SampleEvents.Started, default);
        await PassAsync(time, appending);
        await Assert.ThrowsAsync<JournalUnwritableException>(() => appending);
        Assert.Equal("runs.journal-unwritable", Assert.Single(run.Warnings).Code);
        var disposing = writer.DisposeAsync().AsTask();
        await PassAsync(time, disposing);
        Assert.Equal(nameof(RunStarted), Assert.Single(writer.Unstored).Kind);
        Assert.Contains("no answer", writer.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_hanging_journal_did_not_take_is_stored_once_it_answers_again()
    {
        await using var run = await RunFixture.CreateAsync();
        var time = new FakeTimeProvider();
        var writer = new RunWriter(run.Journal, run.Run, 1, RunState.Empty, null, time, TimeSpan.FromSeconds(30), run);
        await writer.AppendAsync(SampleEvents.Started, default);
        run.Journal.Hangs = Hanging.UntilCancelled;
        var ticking = writer.AppendAsync(new WatchTicked(false, [], []), default);
        await PassAsync(time, ticking);
        await ticking;
        Assert.Empty((await run.StoredAsync()).Ticks);
        run.Journal.Hangs = Hanging.No;
        var disposing = writer.DisposeAsync().AsTask();
        await PassAsync(time, disposing, TimeSpan.FromMilliseconds(500));
        Assert.Single((await run.StoredAsync()).Ticks);
        Assert.Empty(writer.Unstored);
    }

    private static Task PassAsync(FakeTimeProvider time, Task ending) =>
        PassAsync(time, ending, TimeSpan.FromMilliseconds(20));

    /// <summary>Lets time pass until the task has ended; slowly where a journal does answer, and has to store something meanwhile.</summary>
    private static async Task PassAsync(FakeTimeProvider time, Task ending, TimeSpan pause)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!ending.IsCompleted)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(40));
            await Task.WhenAny(ending, Task.Delay(pause, TimeProvider.System));
            time.Advance(TimeSpan.FromMilliseconds(500));
        }
    }
}
