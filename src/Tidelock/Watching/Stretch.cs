namespace Tidelock.Watching;

/// <summary>The values of a signal in some time.</summary>
/// <param name="points">Those after <paramref name="from"/>, oldest first.</param>
/// <param name="weights">The requests behind each, NaN where they are not known; empty where the probe does not count them.</param>
/// <param name="from">Where the time begins, in ticks.</param>
/// <param name="reach">The time before it that a value stands for at most, in ticks.</param>
internal readonly ref struct Stretch(ReadOnlySpan<Point> points, ReadOnlySpan<double> weights, long from, long reach)
{
    private readonly ReadOnlySpan<Point> points = points;
    private readonly ReadOnlySpan<double> weights = weights;

    public int Count => points.Length;

    /// <summary>How much of the time the values stand for.</summary>
    public TimeSpan Covered => TimeIn(null);

    /// <summary>
    /// The mean of the values, weighted by requests where the probe counts them; a value that has none weighs as the others do on
    /// average.
    /// </summary>
    public double Mean
    {
        get
        {
            var (requests, counted) = Requests;
            return requests > 0 ? WeightedMean(requests / counted) : PlainMean;
        }
    }

    /// <summary>The standard deviation of the values.</summary>
    public double Spread
    {
        get
        {
            var (mean, squares) = (Mean, 0.0);
            foreach (var p in points)
            {
                squares += (p.Value - mean) * (p.Value - mean);
            }

            return Math.Sqrt(squares / points.Length);
        }
    }

    /// <summary>Whether the requests behind the values are enough to say something; always where the probe does not count them.</summary>
    public bool HasEnoughRequests
    {
        get
        {
            var (requests, counted) = Requests;
            return counted == 0 || requests >= WatchRules.MinimumRequests;
        }
    }

    private (double Requests, int Counted) Requests
    {
        get
        {
            var (requests, counted) = (0.0, 0);
            foreach (var weight in weights)
            {
                (requests, counted) = double.IsNaN(weight) ? (requests, counted) : (requests + weight, counted + 1);
            }

            return (requests, counted);
        }
    }

    private double PlainMean
    {
        get
        {
            var sum = 0.0;
            foreach (var p in points)
            {
                sum += p.Value;
            }

            return sum / points.Length;
        }
    }

    private double WeightedMean(double usual)
    {
        var (sum, all) = (0.0, 0.0);
        for (var i = 0; i < points.Length; i++)
        {
            var weight = double.IsNaN(weights[i]) ? usual : weights[i];
            sum += points[i].Value * weight;
            all += weight;
        }

        return sum / all;
    }

    /// <summary>How long the values were in a band; all that is covered where it is null. Exact: a sum of whole ticks.</summary>
    public TimeSpan TimeIn(Band? band)
    {
        var (time, until) = (0L, from);
        foreach (var p in points)
        {
            if (band is null || band.Contains(p.Value))
            {
                time += p.At - Math.Max(until, p.At - reach);
            }

            until = p.At;
        }

        return TimeSpan.FromTicks(time);
    }

    /// <summary>Whether at least one value lies in a band.</summary>
    public bool Touches(Band band)
    {
        foreach (var p in points)
        {
            if (band.Contains(p.Value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How many values lie in a band.</summary>
    public int CountIn(Band band)
    {
        var count = 0;
        foreach (var p in points)
        {
            count += band.Contains(p.Value) ? 1 : 0;
        }

        return count;
    }
}
