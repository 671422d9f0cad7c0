using Tidelock.Runs;
using Tidelock.Runs.Sqlite;

namespace Tidelock.Tests.Runs;

public sealed class SqliteJournalTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-journal-").FullName;

    [Fact]
    public async Task An_entry_is_read_back_as_it_was_stored()
    {
        await using var journal = await OpenAsync();
        var entry = JournalEntry.Next("RUN", null, "e1", "Kind", """{"kind":"Kind","text":"바꾸다 \u0000"}""");
        Assert.Equal(AppendResult.Stored, await journal.AppendAsync(entry, null, default));
        var read = Assert.Single(await RunReader.EntriesAsync(journal, new RunId("RUN"), default));
        Assert.Equal(entry, read);
        Assert.True(read.IsSound);
    }

    [Fact]
    public async Task The_same_event_twice_is_stored_once_and_another_at_its_place_is_a_conflict()
    {
        await using var journal = await OpenAsync();
        var entry = JournalEntry.Next("RUN", null, "e1", "Kind", "{}");
        await journal.AppendAsync(entry, null, default);
        Assert.Equal(AppendResult.Stored, await journal.AppendAsync(entry, null, default));
        Assert.Equal(AppendResult.Conflict, await journal.AppendAsync(entry with { EventId = "e2" }, null, default));
        Assert.Single(await RunReader.EntriesAsync(journal, new RunId("RUN"), default));
    }

    [Fact]
    public async Task An_older_epoch_may_not_append()
    {
        await using var journal = await OpenAsync();
        var run = new RunId("RUN");
        var first = await journal.TakeEpochAsync(run, null, default);
        var second = await journal.TakeEpochAsync(run, null, default);
        Assert.Equal(first + 1, second);
        var entry = JournalEntry.Next("RUN", null, "e1", "Kind", "{}");
        await Assert.ThrowsAsync<RunTakenOverException>(() => journal.AppendAsync(entry, first, default));
        Assert.Equal(AppendResult.Stored, await journal.AppendAsync(entry, second, default));
    }

    [Fact]
    public async Task Many_writers_open_and_append_at_once_and_nothing_is_lost()
    {
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async writer =>
                {
                    await using var journal = await OpenAsync();
                    var book = new WordBook(journal, "digest", "production");
                    for (var i = 0; i < 5; i++)
                    {
                        await book.AddAsync(
                            new Word(
                                WordKind.Confirmed,
                                "slack",
                                $"w{writer}",
                                $"{i}",
                                DateTimeOffset.UnixEpoch,
                                "host"
                            ),
                            default
                        );
                    }
                })
        );
        await using var reader = await OpenAsync();
        var words = await new WordBook(reader, "digest", "production").ReadAsync(default);
        Assert.Equal(40, words.Select(w => (w.By, w.Note)).Distinct().Count());
        var entries = await RunReader.EntriesAsync(reader, new RunId("digest@production"), default);
        Assert.All(entries.Zip(entries.Skip(1)), pair => Assert.Equal(pair.First.Hash, pair.Second.PreviousHash));
    }

    [Fact]
    public async Task A_file_that_is_no_journal_is_said_to_be_unreadable()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "journal.db"), new string('x', 10_000));
        var e = await Assert.ThrowsAsync<JournalUnwritableException>(OpenAsync);
        Assert.Equal("runs.journal-unwritable", e.Problem.Code);
    }

    [Fact]
    public async Task A_command_sent_twice_is_one_command()
    {
        await using var journal = await OpenAsync();
        var command = new RunCommand(
            "c1",
            new RunId("RUN"),
            RunVerb.Rollback,
            "backup",
            "kim",
            DateTimeOffset.UnixEpoch
        );
        await journal.SendAsync(command, default);
        await journal.SendAsync(command, default);
        Assert.Equal(command, Assert.Single(await journal.InboxAsync(command.Run, default)));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Task<SqliteJournal> OpenAsync() => SqliteJournal.OpenAsync(Path.Combine(folder, "journal.db"), default);
}
