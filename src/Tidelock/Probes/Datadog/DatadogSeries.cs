using System.Text.Json;

namespace Tidelock.Probes.Datadog;

/// <summary>One series of an answer: values by the beginning of their bucket.</summary>
/// <param name="Query">The number of its query in the request, from 0.</param>
/// <param name="Scope">Its tags, for people.</param>
/// <param name="Bucket">How long a bucket is.</param>
/// <param name="Points">Buckets with a value, oldest first.</param>
internal sealed record DatadogSeries(
    int Query,
    string Scope,
    TimeSpan Bucket,
    IReadOnlyList<(DateTimeOffset Begins, double Value)> Points
)
{
    /// <exception cref="InvalidOperationException">It is none, or not as documented.</exception>
    public static DatadogSeries Of(JsonElement series) =>
        new(
            series.TryGetProperty("query_index", out var index) ? index.GetInt32() : 0,
            series.TryGetProperty("scope", out var scope) ? scope.GetString() ?? "" : "",
            TimeSpan.FromSeconds(series.GetProperty("interval").GetInt32()),
            [
                .. series
                    .GetProperty("pointlist")
                    .EnumerateArray()
                    .Where(p => p[1].ValueKind is not JsonValueKind.Null)
                    .Select(p => (DateTimeOffset.FromUnixTimeMilliseconds((long)p[0].GetDouble()), p[1].GetDouble()))
                    .OrderBy(p => p.Item1),
            ]
        );

    /// <summary>
    /// The value of the newest bucket that has begun by then and is over now; the last one of an answer is still being filled. Its time is
    /// the one asked for, or its own end where that was earlier. Null where there is none.
    /// </summary>
    public (DateTimeOffset At, double Value)? At(DateTimeOffset time, DateTimeOffset now)
    {
        for (var i = Points.Count - 1; i >= 0; i--)
        {
            var (begins, value) = Points[i];
            if (begins <= time && begins + Bucket <= now)
            {
                return (time < begins + Bucket ? time : begins + Bucket, value);
            }
        }

        return null;
    }
}
