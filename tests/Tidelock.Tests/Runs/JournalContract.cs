using Tidelock.Runs;

namespace Tidelock.Tests.Runs;

/// <summary>What every journal must keep, on whatever it is stored.</summary>
public abstract class JournalContract
{
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

    [Fact]
    public async Task An_epoch_is_taken_again_only_by_who_has_the_newest()
    {
        await using var journal = await OpenAsync();
        var run = new RunId("RUN");
        var mine = await journal.TakeEpochAsync(run, null, default);
        Assert.Equal(2, await journal.TakeEpochAsync(run, mine, default));
        await Assert.ThrowsAsync<RunTakenOverException>(() => journal.TakeEpochAsync(run, mine, default));
        Assert.Equal(3, await journal.TakeEpochAsync(run, 2, default));
    }

    [Fact]
    public async Task An_entry_that_does_not_follow_the_last_is_a_conflict()
    {
        await using var journal = await OpenAsync();
        var first = JournalEntry.Next("RUN", null, "e1", "Kind", "{}");
        var third = JournalEntry.Next("RUN", JournalEntry.Next("RUN", first, "e2", "Kind", "{}"), "e3", "Kind", "{}");
        await journal.AppendAsync(first, null, default);
        Assert.Equal(AppendResult.Conflict, await journal.AppendAsync(third, null, default));
    }

    [Fact]
    public async Task Runs_are_listed_newest_first_with_their_first_and_last_entry()
    {
        await using var journal = await OpenAsync();
        foreach (var run in new[] { "01A", "01B" })
        {
            var first = JournalEntry.Next(run, null, run + "1", "Kind", "{}");
            await journal.AppendAsync(first, null, default);
            await journal.AppendAsync(JournalEntry.Next(run, first, run + "2", "Kind", "{}"), null, default);
        }

        await journal.AppendAsync(JournalEntry.Next("digest@production", null, "w1", "Kind", "{}"), null, default);
        Assert.Equal(
            ["01B 1 2", "01A 1 2"],
            (await journal.ListAsync(default)).Select(h => $"{h.Run} {h.First.Sequence} {h.Last.Sequence}")
        );
    }

    [Fact]
    public async Task Commands_come_back_in_the_order_in_which_they_were_sent()
    {
        await using var journal = await OpenAsync();
        var run = new RunId("RUN");
        foreach (var verb in Enum.GetValues<RunVerb>())
        {
            await journal.SendAsync(new RunCommand($"{verb}", run, verb, "", "kim", DateTimeOffset.UnixEpoch), default);
        }

        Assert.Equal(Enum.GetValues<RunVerb>(), (await journal.InboxAsync(run, default)).Select(c => c.Verb));
        Assert.Empty(await journal.InboxAsync(new RunId("OTHER"), default));
    }

    protected abstract Task<IJournal> OpenAsync();
}
