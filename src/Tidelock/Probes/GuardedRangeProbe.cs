namespace Tidelock.Probes;

/// <summary>The same for a source that keeps the past; it may be asked for that while a tick is read.</summary>
internal sealed class GuardedRangeProbe(IRangeProbe probe, ProbeContext context)
    : GuardedProbe(probe, context),
        IRangeProbe
{
    private readonly TimeProvider time = context.Time;
    private readonly GuardedReading ages = new(probe.Signals, ProbeContext.RangeTimeout, context.Time);
    private readonly GuardedReading ranges = new(probe.Signals, ProbeContext.RangeTimeout, context.Time);

    public Task<IReadOnlyList<Sample>> ReadRangeAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellation
    ) => ranges.RunAsync(c => probe.ReadRangeAsync(from, to, step, c), () => to, cancellation);

    public Task<IReadOnlyList<Sample>> ReadAgesAsync(CancellationToken cancellation) =>
        ages.RunAsync(probe.ReadAgesAsync, time.GetUtcNow, cancellation);

    public override async ValueTask DisposeAsync()
    {
        await Task.WhenAll(ages.EndAsync(), ranges.EndAsync()).ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
