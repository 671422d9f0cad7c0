using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>Keeps a probe within its part of the tick, and has a sample of every signal whatever the probe does.</summary>
internal class GuardedProbe(IProbe probe, ProbeContext context) : IProbe
{
    private readonly GuardedReading ticks = new(probe.Signals, context.Timeout, context.Time);

    public IReadOnlyList<string> Signals => probe.Signals;

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        WithAll(await ticks.RunAsync(probe.ReadAsync, context.Time.GetUtcNow, cancellation).ConfigureAwait(false));

    public virtual async ValueTask DisposeAsync()
    {
        await ticks.EndAsync().ConfigureAwait(false);
        try
        {
            await probe.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // What it has read is read; the probes beside it must end too.
        }
    }

    /// <summary>A signal that a probe forgot is unknown, and not left out.</summary>
    private IReadOnlyList<Sample> WithAll(IReadOnlyList<Sample> samples) =>
        [
            .. samples,
            .. Signals
                .Where(signal => !samples.Any(s => string.Equals(s.Signal, signal, StringComparison.Ordinal)))
                .Select(signal => Sample.Error(signal, context.Time.GetUtcNow(), Message.Of("probes.left-out"))),
        ];
}
