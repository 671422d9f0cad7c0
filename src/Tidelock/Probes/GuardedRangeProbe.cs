namespace Tidelock.Probes;

/// <summary>The same for a source that keeps the past.</summary>
internal sealed class GuardedRangeProbe(IRangeProbe probe, ProbeContext context)
    : GuardedProbe(probe, context),
        IRangeProbe
{
    public Task<IReadOnlyList<Sample>> ReadRangeAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellation
    ) => GuardAsync(c => probe.ReadRangeAsync(from, to, step, c), ProbeContext.RangeTimeout, () => to, cancellation);
}
