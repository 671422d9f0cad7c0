using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Statements;

/// <summary>A table with rows, and files that are run on it statement by statement.</summary>
internal sealed class StatementBench(TestDatabase database) : IAsyncDisposable
{
    public static readonly LockBudget Budget = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(30), 100);

    public TestDatabase Database { get; } = database;

    public List<StatementMark> Marks { get; } = [];

    public List<BlockerDeed> Deeds { get; } = [];

    public List<Message> Progress { get; } = [];

    public static async Task<StatementBench> CreateAsync(PostgresServer server) =>
        await CreateAsync(await server.CreateDatabaseAsync());

    public static async Task<StatementBench> CreateAsync(TestDatabase database)
    {
        var bench = new StatementBench(database);
        await bench.Database.ExecuteAsync(
            """
            create table public.results (id int primary key, name text not null);
            insert into public.results select i, 'n' || i / 2 from generate_series(1, 1000) i;
            create type public.mood as enum ('good');
            """
        );
        return bench;
    }

    /// <summary>Runs a file from where the marks stand.</summary>
    public Task<MigrationOutcome> RunAsync(
        string sql,
        LockBudget? budget = null,
        StatementDirection direction = StatementDirection.There
    ) => RunAsync(sql, budget, direction, CancellationToken.None);

    public async Task<MigrationOutcome> RunAsync(
        string sql,
        LockBudget? budget,
        StatementDirection direction,
        CancellationToken cancellation
    )
    {
        var file = StatementFile.Read(new ChangeFile("up.sql", sql));
        Assert.Empty(file.Mistakes().Select(m => m.ToString()));
        var journal = new StatementJournal(
            token => PostgresSession.OpenAsync(Database.Target, "tidelock/test/1", token),
            () => Marks.LastOrDefault(),
            (mark, _) =>
            {
                Marks.Add(mark);
                return Task.CompletedTask;
            },
            Progress.Add
        )
        {
            Deed = (deed, _) =>
            {
                Deeds.Add(deed);
                return Task.CompletedTask;
            },
        };
        return await new StatementRun(file, direction, budget ?? Budget, journal, TimeProvider.System).RunAsync(
            cancellation
        );
    }

    /// <summary>A new role that may do nothing.</summary>
    public async Task<string> RoleAsync()
    {
        var role = $"limited_{Guid.NewGuid():N}";
        await Database.ExecuteAsync($"create role {role}");
        return role;
    }

    /// <summary>A new role that may not even read the catalog of indexes.</summary>
    public async Task<string> BlindRoleAsync()
    {
        await Database.ExecuteAsync("revoke select on pg_catalog.pg_index from public");
        return await RoleAsync();
    }

    /// <summary>A table <c>parted</c> with the partition <c>part_1</c> and an index.</summary>
    public Task PartitionsAsync() =>
        Database.ExecuteAsync(
            """
            create table parted (id int primary key) partition by range (id);
            create table part_1 partition of parted for values from (1) to (100);
            insert into parted select generate_series(1, 99)
            """
        );

    /// <summary>The journal of a run that was killed in the last statement that had begun.</summary>
    public void ForgetTheEnd() => Marks[^1] = Marks[^1] with { State = StatementMark.Begun, Backend = -1 };

    /// <summary>An open transaction that has a snapshot, and has read the tables it is told to.</summary>
    public async Task<Npgsql.NpgsqlConnection> OldTransactionAsync(string reads = "select 1")
    {
        var connection = await Database.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand(
            $"begin isolation level repeatable read; {reads}",
            connection
        );
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>Waits until the run's backend waits for a transaction.</summary>
    public Task WaitingAsync() =>
        Database.UntilAsync(
            """
            select exists (select from pg_stat_activity
             where datname = current_database() and application_name = 'tidelock/test/1' and wait_event_type = 'Lock' and wait_event = 'virtualxid')
            """
        );

    /// <summary>Ends the session of a statement that waits for older transactions. It waits for others too, which may be gone at once.</summary>
    public Task TerminateWaitingAsync() =>
        Database.UntilAsync(
            """
            select coalesce(bool_or(pg_terminate_backend(pid)), false) from pg_stat_activity
            where datname = current_database() and application_name = 'tidelock/test/1' and wait_event_type = 'Lock' and wait_event = 'virtualxid'
            """
        );

    /// <summary>Each index of the table, whether it is valid, and its id.</summary>
    public Task<List<string>> IndexesAsync() =>
        Database.RowsAsync(
            """
            select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indrelid = 'public.results'::regclass and not i.indisprimary order by 1
            """
        );

    public Task<uint> IdAsync(string index) => Database.ScalarAsync<uint>($"select '{index}'::regclass::oid");

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
