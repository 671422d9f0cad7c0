using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Cli.Demo;

/// <summary>Readers of the view who never stop, and how long each read took: what users feel of a deployment.</summary>
internal sealed class DemoReaders : IAsyncDisposable
{
    private const int Count = 4;
    private const string Read =
        "select * from public.attempt where student_id = '0018c10b-a7e3-ccf1-83ec-81cf121c6ce3' order by completed_at desc limit 100";

    private readonly CancellationTokenSource stop = new();
    private readonly Lock one = new();
    private readonly List<TimeSpan> reads = [];
    private readonly TimeProvider time;
    private readonly Task[] readers;
    private int failed;

    public DemoReaders(PostgresTarget target, TimeProvider time)
    {
        this.time = time;
        readers = [.. Enumerable.Range(0, Count).Select(_ => Task.Run(() => ReadAsync(target)))];
    }

    /// <summary>Stops them: how many reads, the usual and the longest time of one, and how many failed.</summary>
    public async Task<(int Reads, TimeSpan Median, TimeSpan Longest, int Failed)> StopAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        var sorted = reads.Order().ToList();
        return sorted.Count == 0
            ? (0, default, default, failed)
            : (sorted.Count, sorted[sorted.Count / 2], sorted[^1], failed);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        stop.Dispose();
    }

    private async Task ReadAsync(PostgresTarget target)
    {
        try
        {
            await using var session = await PostgresSession.OpenAsync(target, "seedtest reader", stop.Token);
            while (true)
            {
                await OnceAsync(session);
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, stop.Token);
            }
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // The demo is over for the readers.
        }
        catch (Exception e) when (e is NpgsqlException or TidelockException)
        {
            Interlocked.Increment(ref failed);
        }
    }

    private async Task OnceAsync(PostgresSession session)
    {
        var started = time.GetTimestamp();
        try
        {
            await session.ExecuteAsync(Read, stop.Token);
        }
        catch (PostgresException) when (!stop.IsCancellationRequested)
        {
            Interlocked.Increment(ref failed);
        }

        lock (one)
        {
            reads.Add(time.GetElapsedTime(started));
        }
    }
}
