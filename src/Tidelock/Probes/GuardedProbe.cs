using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>Keeps a probe within its part of the tick, and turns whatever goes wrong into errors of all its signals.</summary>
internal sealed class GuardedProbe(IProbe probe, ProbeContext context) : IProbe
{
    public IReadOnlyList<string> Signals => probe.Signals;

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        using var tooLate = new CancellationTokenSource(context.Timeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, tooLate.Token);
        try
        {
            return await probe.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return Failed(tooLate.IsCancellationRequested ? context.TooLate : ProbeFailure.Of(e));
        }
    }

    public ValueTask DisposeAsync() => probe.DisposeAsync();

    private IReadOnlyList<Sample> Failed(Message what)
    {
        var now = context.Time.GetUtcNow();
        return [.. Signals.Select(s => Sample.Error(s, now, what))];
    }
}
