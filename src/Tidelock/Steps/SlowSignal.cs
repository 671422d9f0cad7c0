using Npgsql;
using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// One signal the watch itself yields, read beside the ticks at its own pace: neither a tick nor another such signal waits for it.
/// An instrument that fails is an error, and never the application's fault.
/// </summary>
/// <param name="signal">Its name.</param>
/// <param name="read">One look. It must end when it is told to.</param>
/// <param name="every">From the beginning of one look to the next, unless one takes longer.</param>
/// <param name="time">The run's clock.</param>
internal sealed class SlowSignal(
    string signal,
    Func<CancellationToken, Task<Sample>> read,
    TimeSpan every,
    TimeProvider time
) : IAsyncDisposable
{
    private readonly CancellationTokenSource ending = new();
    private DateTimeOffset begunAt = DateTimeOffset.MinValue;
    private Task<Sample>? looking;

    /// <summary>What a look found, once: it begins when it is time and none is under way, and is waited for only a little.</summary>
    public async Task<IReadOnlyList<Sample>> TakeAsync(TimeSpan patience, CancellationToken cancellation)
    {
        if (looking is null && time.GetUtcNow() - begunAt >= every)
        {
            begunAt = time.GetUtcNow();
            looking = Task.Run(() => LookAsync(ending.Token), CancellationToken.None);
        }

        if (looking is null)
        {
            return [];
        }

        await ((Task)looking)
            .WaitAsync(patience, time, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (!looking.IsCompleted)
        {
            return [];
        }

        var found = looking;
        looking = null;
        return [await found.ConfigureAwait(false)];
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        if (looking is not null)
        {
            await ((Task)looking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        ending.Dispose();
    }

    private async Task<Sample> LookAsync(CancellationToken cancellation)
    {
        try
        {
            return await read(cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e) when (OutdatedPlan.Is(e))
        {
            return BuiltInSignals.Outdated(signal, time.GetUtcNow(), signal);
        }
        catch (Exception e)
            when (e is not (RunTakenOverException or TargetLostException) && !cancellation.IsCancellationRequested)
        {
            var reason = e is TidelockException { Problem: var problem } ? (object)problem : e.Message;
            return Sample.Error(signal, time.GetUtcNow(), Message.Of("steps.watch.not-read", ("reason", reason)));
        }
    }
}
