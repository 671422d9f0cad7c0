namespace Tidelock.Watching;

/// <summary>The values of a signal in some time.</summary>
/// <param name="points">Those after <paramref name="from"/>, oldest first.</param>
/// <param name="from">Where the time begins, in ticks.</param>
/// <param name="reach">The time before it that a value stands for at most, in ticks.</param>
internal readonly ref struct Stretch(ReadOnlySpan<Point> points, long from, long reach)
{
    private readonly ReadOnlySpan<Point> points = points;

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
            var usual = UsualWeight;
            var (sum, weights, plain) = (0.0, 0.0, 0.0);
            foreach (var p in points)
            {
                var weight = p.IsWeighted ? p.Weight : usual;
                sum += p.Value * weight;
                weights += weight;
                plain += p.Value;
            }

            return weights > 0 ? sum / weights : plain / points.Length;
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
            foreach (var p in points)
            {
                (requests, counted) = p.IsWeighted ? (requests + p.Weight, counted + 1) : (requests, counted);
            }

            return (requests, counted);
        }
    }

    private double UsualWeight => Requests is var (requests, counted) && counted > 0 ? requests / counted : 1;

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
}
