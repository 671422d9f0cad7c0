using System.Globalization;
using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>Readers whose waits for a lock the server itself writes into its log: no clock of a loaded test decides.</summary>
internal static class ReaderStalls
{
    /// <summary>Reads again and again until it is told to stop.</summary>
    /// <param name="database">Where.</param>
    /// <param name="sql">What.</param>
    /// <param name="limit">How long a wait must be to be written down.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>Its backend.</returns>
    public static async Task<int> ReadAsync(TestDatabase database, string sql, TimeSpan limit, CancellationToken stop)
    {
        await using var connection = await database.ConnectAsync();
        await new NpgsqlCommand(
            string.Create(
                CultureInfo.InvariantCulture,
                $"set log_lock_waits = on; set deadlock_timeout = {(int)limit.TotalMilliseconds}"
            ),
            connection
        ).ExecuteNonQueryAsync(CancellationToken.None);
        while (!stop.IsCancellationRequested)
        {
            await new NpgsqlCommand(sql, connection).ExecuteScalarAsync(CancellationToken.None);
        }

        return connection.ProcessID;
    }

    /// <summary>None of the backends has waited for a lock as long as the limit.</summary>
    public static async Task NoneAsync(TestDatabase database, params int[] backends)
    {
        var log = await database.Cluster.LogAsync();
        Assert.All(
            backends,
            pid =>
                Assert.DoesNotContain(
                    string.Create(CultureInfo.InvariantCulture, $"process {pid} still waiting for AccessShareLock"),
                    log,
                    StringComparison.Ordinal
                )
        );
    }
}
