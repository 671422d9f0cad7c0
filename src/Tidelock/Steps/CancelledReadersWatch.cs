using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// Looks for cancelled readers beside the ticks of a watch, which never wait for it: a server counts a query up to ten seconds after it was
/// cancelled. What it finds is told and decides nothing.
/// </summary>
/// <param name="migrate">The view of the step that noted the counters before the change.</param>
/// <param name="every">From the beginning of one look to the next.</param>
internal sealed class CancelledReadersWatch(StepContext migrate, TimeSpan every) : IAsyncDisposable
{
    private readonly CancellationTokenSource ending = new();
    private DateTimeOffset begunAt = DateTimeOffset.MinValue;
    private Task<Message?> looking = Task.FromResult<Message?>(null);
    private Message? told;

    /// <summary>What a look that has ended found and was not told yet; begins the next when it is time.</summary>
    public async Task<Message?> TakeAsync()
    {
        if (!looking.IsCompleted || migrate.Time.GetUtcNow() - begunAt < every)
        {
            return null;
        }

        var ended = looking;
        begunAt = migrate.Time.GetUtcNow();
        looking = Task.Run(() => CancelledReaders.FindAsync(migrate, ending.Token), CancellationToken.None);
        var found = await ended.ConfigureAwait(false);
        return found is null || found == told ? null : told = found;
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        await ((Task)looking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ending.Dispose();
    }
}
