namespace Tidelock.Probes;

/// <summary>
/// Reads signals from one source. Asked once per tick, with the tick's deadline in the token. Comes back with one sample per
/// signal and never throws for what the source does: a source that fails yields <see cref="SampleOutcome.Error"/>. A source that keeps
/// the past is an <see cref="IRangeProbe"/> too.
/// </summary>
public interface IProbe : IAsyncDisposable
{
    /// <summary>The signals this probe yields.</summary>
    IReadOnlyList<string> Signals { get; }

    Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation);
}
