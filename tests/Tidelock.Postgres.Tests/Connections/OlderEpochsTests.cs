using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

public sealed class OlderEpochsTests(PostgresServer server)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Older_epochs_of_the_run_are_ended_and_all_others_left_alone()
    {
        await using var database = await server.CreateDatabaseAsync();
        var run = database.Name;
        await using var older = await OpenAsync(database.Target, $"tidelock/{run}/1");
        await using var elsewhere = await OpenAsync(server.Cluster.Target(), $"tidelock/{run}/9");
        await using var same = await OpenAsync(database.Target, $"tidelock/{run}/10");
        await using var newer = await OpenAsync(database.Target, $"tidelock/{run}/11");
        await using var other = await OpenAsync(database.Target, $"tidelock/{run}x/1");
        await using var mine = await OpenAsync(database.Target, $"tidelock/{run}/10");
        var ended = await EndAsync(mine, run, 10);
        Assert.Equal(
            [$"tidelock/{run}/1", $"tidelock/{run}/9"],
            ended.Select(b => b.ApplicationName).Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            ["10", "10", "11"],
            await database.RowsAsync(
                $"select split_part(application_name, '/', 3) from pg_stat_activity where application_name like 'tidelock/{run}/%' order by 1"
            )
        );
        Assert.Equal(1, await other.ScalarAsync<int>("select 1", CancellationToken.None));
        Assert.Empty(await EndAsync(mine, run, 10));
    }

    [Fact]
    public async Task An_orphan_that_waits_for_a_lock_never_commits_once_its_epoch_was_ended()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create table t (i int)");
        await using var blocker = await database.ConnectAsync();
        await using var transaction = await blocker.BeginTransactionAsync();
        await new NpgsqlCommand("lock table t", blocker).ExecuteNonQueryAsync();
        await using var orphan = await OpenAsync(database.Target, $"tidelock/{database.Name}/1");
        var writing = orphan.ExecuteAsync("insert into public.t values (1)", CancellationToken.None);
        await database.UntilAsync("select count(*) > 0 from pg_locks where not granted and relation = 't'::regclass");
        await using var mine = await OpenAsync(database.Target, $"tidelock/{database.Name}/2");
        var ended = Assert.Single(await EndAsync(mine, database.Name, 2));
        Assert.Equal("active", ended.State);
        await transaction.RollbackAsync();
        var e = await Assert.ThrowsAnyAsync<NpgsqlException>(() => writing);
        Assert.Equal(PostgresErrorCodes.AdminShutdown, e.SqlState);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task Who_may_not_end_them_is_told_so()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync($"create role {database.Name}_r login");
        await using (await OpenAsync(database.Target, $"tidelock/{database.Name}/1"))
        {
            await using var mine = await OpenAsync(
                database.TargetAs(database.Name + "_r"),
                $"tidelock/{database.Name}/2"
            );
            var e = await Assert.ThrowsAsync<TidelockException>(() => EndAsync(mine, database.Name, 2));
            Assert.Equal("postgres.epochs.not-allowed", e.Problem.Code);
        }

        await database.ExecuteAsync($"drop role {database.Name}_r");
    }

    private static Task<PostgresSession> OpenAsync(PostgresTarget target, string applicationName) =>
        PostgresSession.OpenAsync(target, applicationName, CancellationToken.None);

    private static Task<IReadOnlyList<OlderBackend>> EndAsync(PostgresSession session, string run, long epoch) =>
        OlderEpochs.EndAsync(session, run, epoch, Limit, TimeProvider.System, CancellationToken.None);
}
