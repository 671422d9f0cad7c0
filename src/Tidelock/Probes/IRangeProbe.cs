namespace Tidelock.Probes;

/// <summary>
/// A probe whose source keeps the past: asked for a baseline that was before the run began, and for the time in which nobody looked.
/// </summary>
public interface IRangeProbe : IProbe
{
    /// <summary>
    /// What the source knows of a time, both ends included: for every signal the samples in the order of their times, at most one per
    /// step. A time without data has no sample, or one that says so; it is never filled in. What is not complete yet
    /// (<see cref="ProbeOptions.Delay"/>) is left out. Never throws for what the source does: a signal it cannot tell has one
    /// <see cref="SampleOutcome.Error"/> or <see cref="SampleOutcome.NoData"/> that stands for <paramref name="to"/>. May be asked again.
    /// </summary>
    Task<IReadOnlyList<Sample>> ReadRangeAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellation
    );

    /// <summary>
    /// How old the newest value is of every signal by the source's own clock, in seconds: of the last hour, so that one is found that comes
    /// too late to be read now. A signal whose values have no time of their own is left out; of one that cannot be told a sample says why.
    /// </summary>
    Task<IReadOnlyList<Sample>> ReadAgesAsync(CancellationToken cancellation);
}
