using Tidelock.Texts;

namespace Tidelock.Probes.Synthetic;

/// <summary>Reads the database itself, beside the ticks, and tells in each how the reads since the last one fared.</summary>
internal sealed class SyntheticProbe(IReadOnlyList<SyntheticProbeOptions> signals, ProbeContext context) : IProbe
{
    private readonly SyntheticReader reader = new(signals[0].Reads, context);
    private bool hasBegun;

    public IReadOnlyList<string> Signals => [.. signals.Select(s => s.Signal)];

    public Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var reads = reader.Take();
        var now = context.Time.GetUtcNow();
        var isFirst = !hasBegun;
        hasBegun = true;
        var tally = new SyntheticTally(reads, now);
        return Task.FromResult<IReadOnlyList<Sample>>([
            .. signals.Select(s =>
                isFirst ? Sample.NoData(s.Signal, now, Message.Of("probes.synthetic.begins")) : tally.Of(s)
            ),
        ]);
    }

    public ValueTask DisposeAsync() => reader.DisposeAsync();
}
