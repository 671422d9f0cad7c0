using Tidelock.Runs;
using Tidelock.Runs.Sqlite;

namespace Tidelock.Tests.Runs;

public sealed class SqliteJournalTests : JournalContract, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-journal-").FullName;

    [Fact]
    public async Task A_file_that_is_no_journal_is_said_to_be_unreadable()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "journal.db"), new string('x', 10_000));
        var e = await Assert.ThrowsAsync<JournalUnwritableException>(OpenAsync);
        Assert.Equal("runs.journal-unwritable", e.Problem.Code);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    protected override async Task<IJournal> OpenAsync() =>
        await SqliteJournal.OpenAsync(Path.Combine(folder, "journal.db"), default);
}
