using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary>The values of a signal in some time.</summary>
internal readonly struct Stretch(ArraySegment<Sample> values)
{
    public int Count => values.Count;

    /// <summary>Weighted by requests where the probe knows them; a sample that does not weighs as the others do on average.</summary>
    public double Mean
    {
        get
        {
            var (sum, weights, usual) = (0.0, 0.0, UsualWeight);
            foreach (var s in values)
            {
                sum += s.Value!.Value * (s.Weight ?? usual);
                weights += s.Weight ?? usual;
            }

            return weights > 0 ? sum / weights : values.Average(s => s.Value!.Value);
        }
    }

    public double Spread
    {
        get
        {
            var mean = Mean;
            return Math.Sqrt(values.Average(s => Math.Pow(s.Value!.Value - mean, 2)));
        }
    }

    /// <summary>Whether the requests behind the values are enough to say something; always where the probe does not count them.</summary>
    public bool HasEnoughRequests =>
        values.All(s => s.Weight is null) || values.Sum(s => s.Weight ?? 0) >= WatchRules.MinimumRequests;

    /// <summary>Share of the values that lie in a band.</summary>
    public double ShareIn(Band band) =>
        Count == 0 ? 0 : (double)values.Count(s => band.Contains(s.Value!.Value)) / Count;

    private double UsualWeight => values.Any(s => s.Weight is not null) ? values.Average(s => s.Weight)!.Value : 1;
}
