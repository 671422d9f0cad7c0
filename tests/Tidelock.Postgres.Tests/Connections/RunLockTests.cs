using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

public sealed class RunLockTests(PostgresServer server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task The_second_run_is_told_who_holds_the_lock_and_gets_it_when_it_is_let_go()
    {
        await using var database = await server.CreateDatabaseAsync();
        var first = await TakeAsync(database.Target, "tidelock/ONE/1");
        var second = await RunLock.TryTakeAsync(database.Target, "tidelock/TWO/1", CancellationToken.None);
        Assert.Null(second.Lock);
        Assert.Equal(("tidelock/ONE/1", "127.0.0.1"), (second.Holder!.ApplicationName, second.Holder.Client));
        Assert.NotNull(second.Holder.Since);
        Assert.Contains("tidelock/ONE/1", second.Holder.Describe(database.Target).ToString(), StringComparison.Ordinal);
        await first.DisposeAsync();
        await (await TakeAsync(database.Target, "tidelock/TWO/1")).DisposeAsync();
        // Who has closed a connection is seen a moment longer.
        await database.UntilAsync(
            """
            select not exists (select from pg_locks where locktype = 'advisory' and classid = 1953064037
             and objid = (select oid from pg_database where datname = current_database()))
            """
        );
    }

    [Fact]
    public async Task Runs_on_two_databases_do_not_exclude_each_other()
    {
        await using var one = await server.CreateDatabaseAsync();
        await using var two = await server.CreateDatabaseAsync();
        await using var first = await TakeAsync(one.Target, "tidelock/ONE/1");
        await using var second = await TakeAsync(two.Target, "tidelock/TWO/1");
    }

    [Fact]
    public async Task A_lock_that_left_its_database_still_excludes_others_and_the_database_can_be_renamed()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var held = await TakeAsync(database.Target, "tidelock/ONE/1");
        await using var successor = await server.CreateDatabaseAsync();
        Assert.Null(
            await held.LeaveDatabaseAsync(
                await successor.ScalarAsync<uint>("select oid from pg_database where datname = current_database()"),
                CancellationToken.None
            )
        );
        var next = await RunLock.TryTakeAsync(successor.Target, "tidelock/TWO/1", CancellationToken.None);
        Assert.Equal("tidelock/ONE/1", next.Holder!.ApplicationName);
        await using (
            var outside = await PostgresSession.OpenAsync(server.Cluster.Target(), "t", CancellationToken.None)
        )
        {
            await outside.ExecuteAsync(
                $"alter database {database.Name} rename to {database.Name}_x; alter database {database.Name}_x rename to {database.Name}",
                CancellationToken.None
            );
        }

        var other = await RunLock.TryTakeAsync(database.Target, "tidelock/TWO/1", CancellationToken.None);
        Assert.Equal("tidelock/ONE/1", other.Holder!.ApplicationName);
        Assert.False(held.Lost.IsCancellationRequested);
        Assert.Null(await held.EnterDatabaseAsync(database.Target, "tidelock/ONE/1", CancellationToken.None));
        await database.UntilAsync(
            "select count(*) = 1 from pg_stat_activity where datname = current_database() and application_name = 'tidelock/ONE/1'"
        );
    }

    [Fact]
    public async Task A_role_that_may_not_enter_postgres_is_still_excluded()
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var database = await TestDatabase.CreateAsync(cluster);
        await database.ExecuteAsync("create role r login; revoke connect on database postgres from public");
        await using var held = await TakeAsync(database.TargetAs("r"), "tidelock/ONE/1");
        var stays = await held.LeaveDatabaseAsync(1, CancellationToken.None);
        Assert.Equal("postgres.swap.not-outside", stays!.Code);
        Assert.NotNull((await RunLock.TryTakeAsync(database.Target, "tidelock/TWO/1", CancellationToken.None)).Holder);
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("postgres")]
    public async Task Losing_either_connection_is_noticed_at_once(string where)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var held = await TakeAsync(database.Target, "tidelock/" + database.Name + "/1");
        var name = where.Replace("{0}", database.Name, StringComparison.Ordinal);
        await database.ExecuteAsync(
            $"select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidelock/{database.Name}/1' and datname = '{name}'"
        );
        var lost = new TaskCompletionSource();
        await using var registration = held.Lost.Register(lost.SetResult);
        await lost.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_server_that_crashes_takes_the_lock_with_it()
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var held = await TakeAsync(cluster.Target(), "tidelock/ONE/1");
        var lost = new TaskCompletionSource();
        await using var registration = held.Lost.Register(lost.SetResult);
        await cluster.StopServerAsync("immediate", CancellationToken.None);
        await lost.Task.WaitAsync(Patience);
    }

    private static async Task<RunLock> TakeAsync(PostgresTarget target, string applicationName)
    {
        var attempt = await RunLock.TryTakeAsync(target, applicationName, CancellationToken.None);
        Assert.Null(attempt.Holder);
        return attempt.Lock!;
    }
}
