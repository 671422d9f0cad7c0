using Tidelock.Runs;
using Tidelock.Runs.Sqlite;
using Tidelock.Texts;

namespace Tidelock.Tests.Runs;

public sealed class RunReaderTests : IDisposable
{
    private static readonly RunEnded Ended = new(RunResult.Completed, Message.Of("runs.completed"));
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-reader-").FullName;

    [Theory]
    [InlineData(0, true)]
    [InlineData(3, true)]
    [InlineData(40, false)]
    public async Task A_run_has_ended_whatever_was_told_of_its_end(int notices, bool isKnown) =>
        Assert.Equal(isKnown, await HasEndedAsync([SampleEvents.Started, Ended, .. Enumerable.Repeat(Told, notices)]));

    [Fact]
    public async Task One_that_goes_on_or_goes_back_after_its_end_has_not()
    {
        Assert.False(await HasEndedAsync([SampleEvents.Started, Told]));
        var back = new RollbackStarted("definition", Message.Of("runs.completed"), null);
        Assert.False(await HasEndedAsync([SampleEvents.Started, Ended, Told, back, Told]));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static NoticeSent Told =>
        new("slack", 2, JournalEntry.NoHash, new Dictionary<string, string>(StringComparer.Ordinal));

    private async Task<bool> HasEndedAsync(IReadOnlyList<RunEvent> events)
    {
        var file = Path.Combine(folder, $"{Guid.NewGuid():N}.db");
        await using var journal = await SqliteJournal.OpenAsync(file, default);
        var run = RunId.New(TimeProvider.System);
        var epoch = await journal.TakeEpochAsync(run, null, default);
        JournalEntry? last = null;
        foreach (var e in events)
        {
            var id = Guid.NewGuid().ToString("N");
            last = JournalEntry.Next(run.Value, last, id, e.GetType().Name, RunEvents.Format(e));
            Assert.Equal(AppendResult.Stored, await journal.AppendAsync(last, epoch, default));
        }

        return await RunReader.HasEndedAsync(journal, Assert.Single(await journal.ListAsync(default)), default);
    }
}
