using Npgsql;

namespace Tidelock.Postgres;

/// <summary>
/// How long nobody could connect to a database: an application's view of it, which tries again and again. It begins when the database was
/// just closed and ends with the first connection.
/// </summary>
internal sealed class Interruption : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource stop = new();
    private readonly Task<TimeSpan?> measured;

    private Interruption(PostgresTarget target, string applicationName, TimeProvider time) =>
        measured = Task.Run(() => MeasureAsync(target, applicationName, time, stop.Token));

    public static Interruption Begin(PostgresTarget target, string applicationName, TimeProvider time) =>
        new(target, applicationName, time);

    /// <summary>The time; null where nobody got in within the limit.</summary>
    public async Task<TimeSpan?> EndAsync(TimeSpan limit, TimeProvider time)
    {
        await ((Task)measured)
            .WaitAsync(limit, time, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stop.CancelAsync().ConfigureAwait(false);
        return await measured.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await ((Task)measured).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private static async Task<TimeSpan?> MeasureAsync(
        PostgresTarget target,
        string applicationName,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var since = time.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await PostgresSession
                    .ConnectAsync(target, applicationName, stop)
                    .ConfigureAwait(false);
                return time.GetElapsedTime(since);
            }
            catch (Exception e) when (e is TidelockException or NpgsqlException or OperationCanceledException)
            {
                // Shut out still, whatever for.
            }

            await Task.Delay(Every, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return null;
    }
}
