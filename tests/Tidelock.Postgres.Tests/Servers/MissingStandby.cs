using Npgsql;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>A server whose synchronous standby is away: who commits in one of its databases waits for it without end.</summary>
public static class MissingStandby
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Lets every commit in the database wait for a standby that is not there, and makes sure that it does.</summary>
    public static async Task TakeAwayAsync(TestDatabase database, string standby = "nobody")
    {
        // Elsewhere on the server nobody waits, so that the database can be dropped.
        await database.ExecuteAsync($"alter database \"{database.Name}\" set synchronous_commit = on");
        await database.ExecuteAsync($"alter system set synchronous_standby_names = '{standby}'");
        await database.ExecuteAsync("select pg_reload_conf()");
        var since = TimeProvider.System.GetTimestamp();
        for (var hangs = false; !hangs; )
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Limit, "commits do not wait for the standby");
            await using var connection = await database.ConnectAsync();
            await using var writes = new NpgsqlCommand("create table hangs (); drop table hangs", connection);
            var commit = writes.ExecuteNonQueryAsync();
            hangs = await WaitsAsync(database, connection.ProcessID, commit);
            writes.Cancel();
            await commit;
            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    private static async Task<bool> WaitsAsync(TestDatabase database, int pid, Task commit)
    {
        var sql = $"select coalesce(wait_event = 'SyncRep', false) from pg_stat_activity where pid = {pid}";
        var since = TimeProvider.System.GetTimestamp();
        while (!commit.IsCompleted && TimeProvider.System.GetElapsedTime(since) < Limit)
        {
            if (await database.ScalarAsync<bool>(sql))
            {
                return true;
            }

            await Task.Delay(Pause, TimeProvider.System);
        }

        return false;
    }
}
