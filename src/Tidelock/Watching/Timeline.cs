using System.Runtime.InteropServices;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>
/// One signal's samples in the order of the times they stand for, one per time: neither the order in which they come in matters nor
/// how often they do. A value outweighs an error of the same moment.
/// </summary>
/// <param name="pace">When values can be expected.</param>
/// <param name="seenFrom">What stands for an earlier time is left out: it is of before the change.</param>
/// <param name="actsFrom">When the watch began: what came before is evidence, and nothing is decided for it alone.</param>
internal sealed class Timeline(SignalPace pace, DateTimeOffset seenFrom, DateTimeOffset actsFrom)
{
    private const int LeastGrowth = 32;

    private readonly List<Point> points = [];
    private List<double>? weights;
    private readonly Dictionary<long, Message> details = [];
    private readonly List<Sample> silences = [];
    private readonly long start = seenFrom.UtcTicks;

    public SignalPace Pace => pace;

    public long StartTicks => start;

    public long ActsFromTicks { get; } = actsFrom.UtcTicks;

    /// <summary>Changes when a value is put in before the last one: what was concluded from the order must be concluded anew.</summary>
    public int Revision { get; private set; }

    public Point this[int index] => points[index];

    /// <summary>The requests behind a value; NaN where nobody counted them.</summary>
    public double WeightOf(int index) => weights is null ? double.NaN : weights[index];

    public void Add(Sample sample)
    {
        if (sample.At.UtcTicks < start)
        {
            return;
        }

        if (sample is { Outcome: SampleOutcome.Value, Value: { } value })
        {
            Add(new Point(sample.At.UtcTicks, value), sample.Weight ?? double.NaN, sample);
        }
        else
        {
            AddSilence(sample);
        }
    }

    /// <summary>How many values stand for a time up to <paramref name="now"/>.</summary>
    public int CountAt(DateTimeOffset now) => FirstAfter(now.UtcTicks);

    /// <summary>Errors and answers without data up to <paramref name="now"/> that no value followed, oldest first.</summary>
    public IEnumerable<Sample> SilencesAt(DateTimeOffset now)
    {
        var count = CountAt(now);
        var last = count == 0 ? long.MinValue : points[count - 1].At;
        var first = silences.Count;
        while (first > 0 && silences[first - 1].At.UtcTicks > last)
        {
            first--;
        }

        return silences.Skip(first).TakeWhile(s => s.At <= now);
    }

    /// <summary>What the probe said of a value: why it is broken.</summary>
    public Message? DetailOf(int index) => details.GetValueOrDefault(points[index].At);

    /// <summary>The values after <paramref name="from"/>, but not from before the watch, up to and with <paramref name="to"/>.</summary>
    public Stretch Between(long from, long to)
    {
        var first = FirstAfter(from);
        return Stretch(first, Math.Max(first, FirstAfter(to)), from);
    }

    /// <summary>The stretch of <paramref name="span"/> that ends with a value.</summary>
    public Stretch Until(int index, TimeSpan span)
    {
        var from = points[index].At - span.Ticks;
        var first = index + 1;
        while (first > 0 && points[first - 1].At > from)
        {
            first--;
        }

        return Stretch(first, index + 1, from);
    }

    private Stretch Stretch(int first, int end, long from) =>
        new(
            CollectionsMarshal.AsSpan(points)[first..end],
            weights is null ? [] : CollectionsMarshal.AsSpan(weights)[first..end],
            Math.Max(from, start),
            pace.Reach.Ticks
        );

    private void Add(Point point, double weight, Sample sample)
    {
        var index = points.Count == 0 || points[^1].At < point.At ? points.Count : FirstAfter(point.At - 1);
        if (index < points.Count && points[index].At == point.At)
        {
            // Of two values of the same moment the larger one counts, whichever came first.
            if ((point.Value, weight).CompareTo((points[index].Value, WeightOf(index))) <= 0)
            {
                return;
            }

            points.RemoveAt(index);
            weights?.RemoveAt(index);
            Revision++;
        }

        Insert(index, point, weight);
        if (sample.Detail is { } detail && BuiltInSignals.All.Contains(sample.Signal))
        {
            details[point.At] = detail;
        }
    }

    private void Insert(int index, Point point, double weight)
    {
        Revision += index < points.Count ? 1 : 0;
        if (weights is null && !double.IsNaN(weight))
        {
            weights = [.. points.Select(_ => double.NaN)];
        }

        Grow(points);
        points.Insert(index, point);
        weights?.Insert(index, weight);
    }

    /// <summary>By an eighth and not to the double: most of what many watches keep is this.</summary>
    private static void Grow(List<Point> list)
    {
        if (list.Count == list.Capacity)
        {
            list.Capacity += Math.Max(LeastGrowth, list.Capacity / 8);
        }
    }

    private void AddSilence(Sample sample)
    {
        var index = silences.Count;
        while (
            index > 0
            && (silences[index - 1].At, silences[index - 1].Outcome).CompareTo((sample.At, sample.Outcome)) > 0
        )
        {
            index--;
        }

        if (index == 0 || (silences[index - 1].At, silences[index - 1].Outcome) != (sample.At, sample.Outcome))
        {
            silences.Insert(index, sample);
        }
    }

    private int FirstAfter(long time)
    {
        if (points.Count == 0 || points[^1].At <= time)
        {
            return points.Count;
        }

        var (low, high) = (0, points.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = points[middle].At <= time ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
