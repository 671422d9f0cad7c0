using Npgsql;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Runs.Postgres;
using Tidelock.Tests.Runs;

namespace Tidelock.Postgres.Tests.Runs;

public sealed class PostgresJournalTests(PostgresServer server) : JournalContract, IAsyncLifetime
{
    private TestDatabase database = null!;

    [Fact]
    public async Task An_append_whose_answer_was_lost_and_whose_commit_comes_late_is_stored_once()
    {
        await using var journal = await OpenAsync();
        var entry = JournalEntry.Next("RUN", null, "e1", "Kind", "{}");
        await using var late = await database.ConnectAsync();
        await using var insert = new NpgsqlCommand(
            "begin; insert into tidelock.events values ('RUN', 1, 'e1', 'Kind', '{}', "
                + $"'{entry.PreviousHash}', '{entry.Hash}')",
            late
        );
        await insert.ExecuteNonQueryAsync();
        var again = journal.AppendAsync(entry, null, default);
        await database.UntilAsync(
            "select exists (select 1 from pg_stat_activity where application_name = 'tidelock journal' and wait_event_type = 'Lock' and datname = current_database())"
        );
        await using var commit = new NpgsqlCommand("commit", late);
        await commit.ExecuteNonQueryAsync();
        Assert.Equal(AppendResult.Stored, await again);
        Assert.Equal(entry, Assert.Single(await RunReader.EntriesAsync(journal, new RunId("RUN"), default)));
    }

    [Fact]
    public async Task A_journal_whose_connection_was_cut_says_so_and_takes_the_same_entry_again()
    {
        await using var journal = await OpenAsync();
        var entry = JournalEntry.Next("RUN", null, "e1", "Kind", "{}");
        await journal.AppendAsync(entry, null, default);
        await database.ScalarAsync<bool>(
            "select bool_and(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'tidelock journal' and datname = current_database()"
        );
        await Assert.ThrowsAsync<JournalUnwritableException>(() => journal.AppendAsync(entry, null, default));
        Assert.Equal(AppendResult.Stored, await journal.AppendAsync(entry, null, default));
    }

    public async ValueTask InitializeAsync() => database = await server.CreateDatabaseAsync();

    public ValueTask DisposeAsync() => database.DisposeAsync();

    protected override async Task<IJournal> OpenAsync() => await PostgresJournal.OpenAsync(database.Target, default);
}
