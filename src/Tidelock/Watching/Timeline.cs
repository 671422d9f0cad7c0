using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary>One signal's samples in the order of their own times, one per time. A value outweighs an error of the same moment.</summary>
internal sealed class Timeline
{
    private const double Jitter = 1.05;
    private readonly Sample[] samples;
    private readonly Sample[] values;
    private readonly TimeSpan every;

    public Timeline(IEnumerable<Sample> samples, TimeSpan every)
    {
        this.every = every;
        this.samples =
        [
            .. samples
                .GroupBy(s => s.At)
                .Select(g =>
                    g.OrderBy(s => s.Outcome).ThenByDescending(s => s.Value).ThenByDescending(s => s.Weight).First()
                )
                .OrderBy(s => s.At),
        ];
        values = [.. this.samples.Where(s => s.Outcome is SampleOutcome.Value)];
    }

    public static Timeline Empty { get; } = new([], TimeSpan.Zero);

    /// <summary>The newest sample, whatever its outcome.</summary>
    public Sample? Last => samples.Length == 0 ? null : samples[^1];

    /// <summary>Values, oldest first.</summary>
    public IReadOnlyList<Sample> Values => values;

    /// <summary>What came after the last value: errors and answers without data, oldest first.</summary>
    public IEnumerable<Sample> Blind =>
        samples.Skip(Array.FindLastIndex(samples, s => s.Outcome is SampleOutcome.Value) + 1);

    /// <summary>The values after <paramref name="from"/> up to and with <paramref name="to"/>.</summary>
    public Stretch Between(DateTimeOffset from, DateTimeOffset to)
    {
        var first = FirstAfter(from);
        return new Stretch(new ArraySegment<Sample>(values, first, Math.Max(0, FirstAfter(to) - first)));
    }

    /// <summary>
    /// How much of a time values stand for: each for the tick before it. The tick that is not due yet at the end does not count
    /// against it.
    /// </summary>
    public TimeSpan Covered(DateTimeOffset from, DateTimeOffset to)
    {
        var covered = TimeSpan.Zero;
        var until = from;
        for (var i = FirstAfter(from); i < values.Length && values[i].At <= to; i++)
        {
            var start = values[i].At - (every * Jitter);
            covered += values[i].At - (start > until ? start : until);
            until = values[i].At;
        }

        return covered + (IsDue(until, to) ? TimeSpan.Zero : to - until);
    }

    private bool IsDue(DateTimeOffset last, DateTimeOffset now) =>
        values.Length == 0 || now - last > every * Jitter || samples[^1].At > last && samples[^1].At <= now;

    private int FirstAfter(DateTimeOffset time)
    {
        var (low, high) = (0, values.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = values[middle].At <= time ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
