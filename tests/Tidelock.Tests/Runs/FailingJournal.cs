using Tidelock.Runs;

namespace Tidelock.Tests.Runs;

/// <summary>A journal that cannot be written while <see cref="IsFull"/>, nor its inbox read; everything else is the real one's.</summary>
internal sealed class FailingJournal(IJournal real) : IJournal
{
    public volatile bool IsFull;

    /// <summary>Whether an append gets an answer.</summary>
    public Hanging Hangs { get; set; }

    /// <summary>What reading the inbox throws; null for nothing.</summary>
    public Exception? InboxFault { get; set; }

    public string Location => real.Location;

    public async Task<AppendResult> AppendAsync(JournalEntry entry, long? epoch, CancellationToken cancellation)
    {
        if (Hangs != Hanging.No)
        {
            var heeded = Hangs == Hanging.UntilCancelled ? cancellation : CancellationToken.None;
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, heeded);
        }

        return IsFull
            ? throw new JournalUnwritableException(Location, "No space left on device")
            : await real.AppendAsync(entry, epoch, cancellation);
    }

    public IAsyncEnumerable<JournalEntry> ReadAsync(string stream, long after, CancellationToken cancellation) =>
        real.ReadAsync(stream, after, cancellation);

    public Task<long> TakeEpochAsync(RunId run, long? after, CancellationToken cancellation) =>
        real.TakeEpochAsync(run, after, cancellation);

    public Task<IReadOnlyList<RunHeads>> ListAsync(CancellationToken cancellation) => real.ListAsync(cancellation);

    public Task SendAsync(RunCommand command, CancellationToken cancellation) => real.SendAsync(command, cancellation);

    public Task<IReadOnlyList<RunCommand>> InboxAsync(RunId run, CancellationToken cancellation) =>
        InboxFault is { } fault ? throw fault : real.InboxAsync(run, cancellation);

    public ValueTask DisposeAsync() => real.DisposeAsync();
}

internal enum Hanging
{
    No,
    UntilCancelled,
    ForEver,
}
