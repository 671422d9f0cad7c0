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
    /// Those of the API's second version, whose values lie beside times they have in common. How long a bucket is it tells only by them: of
    /// a single one nobody knows when it is over.
    /// </summary>
    /// <exception cref="InvalidOperationException">They are none, or not as documented; so are other exceptions of reading JSON.</exception>
    public static IEnumerable<DatadogSeries> All(JsonElement attributes)
    {
        var series = attributes.GetProperty("series").EnumerateArray().ToList();
        if (series.Count == 0)
        {
            return [];
        }

        var times = attributes
            .GetProperty("times")
            .EnumerateArray()
            .Select(t => DateTimeOffset.FromUnixTimeMilliseconds((long)t.GetDouble()))
            .ToList();
        var (sorted, values) = (times.Order().ToList(), attributes.GetProperty("values"));
        var bucket = sorted.Zip(sorted.Skip(1), (a, b) => b - a).DefaultIfEmpty().Min();
        return series.Select((s, i) => Of(s, bucket, times, [.. values[i].EnumerateArray()])).ToList();
    }

    private static DatadogSeries Of(
        JsonElement series,
        TimeSpan bucket,
        List<DateTimeOffset> times,
        List<JsonElement> values
    ) =>
        times.Count != values.Count
            ? throw new InvalidOperationException("There are not as many values as times.")
            : new DatadogSeries(
                series.TryGetProperty("query_index", out var index) ? index.GetInt32() : 0,
                series.TryGetProperty("group_tags", out var tags) && tags.ValueKind is JsonValueKind.Array
                    ? string.Join(',', tags.EnumerateArray().Select(t => t.GetString()))
                    : "",
                bucket,
                [
                    .. times
                        .Zip(values)
                        .Where(p => bucket > TimeSpan.Zero && p.Second.ValueKind is not JsonValueKind.Null)
                        .Select(p => (p.First, p.Second.GetDouble()))
                        .OrderBy(p => p.First),
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
