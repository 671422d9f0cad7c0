using System.Globalization;
using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Probes.Prometheus;

/// <summary>
/// How old the newest points are that queries read. The value of a query is dated when it was asked, and would look new for minutes after
/// its points have stopped; the points have times of their own. One query asks for those of all signals.
/// </summary>
internal sealed class PrometheusAges
{
    private const string Label = "selector";
    private const int LeastPoints = 3;

    private readonly List<(string Signal, string Selector, TimeSpan Delay)> selectors;

    public PrometheusAges(IEnumerable<PrometheusProbeOptions> queries) =>
        selectors = [.. queries.SelectMany(q => PromQlSelectors.Of(q.Query).Select(s => (q.Signal, s, q.Delay)))];

    /// <summary>Signals whose queries read points; others, as <c>vector(1)</c>, have no age.</summary>
    public IEnumerable<string> Signals => selectors.Select(s => s.Signal).Distinct(StringComparer.Ordinal);

    /// <summary>A query for the newest of each selector, as far as the server looks back by itself.</summary>
    public string Expression => Together((s, _) => $"max(timestamp(\n{s}\n))");

    /// <summary>The same of what each query reads, which is of so long ago as its values are late.</summary>
    public string ExpressionAsRead => Together((s, delay) => $"max(timestamp(\n{s}{Offset(delay)}\n))");

    /// <summary>A query for the newest of the last hour, which costs the server more.</summary>
    public string ExpressionOfAnHour => Together((s, _) => $"max(max_over_time(timestamp(\n{s}\n)[1h:1m]))");

    /// <summary>
    /// For every signal how many seconds before that time its newest point was, no data or an error where nobody knows; and the selectors of
    /// which there is none.
    /// </summary>
    public (IReadOnlyList<Sample> Ages, ILookup<string, string> Unseen) Read(DateTimeOffset at, HttpReply reply)
    {
        var seen = new HashSet<int>();
        var read = PrometheusAnswer.Understand(Label, at, reply, data => Ages(at, data, seen));
        return read is [{ Outcome: SampleOutcome.Error } failed]
            ? (
                [.. Signals.Select(s => failed with { Signal = s })],
                Unseen(Enumerable.Range(0, selectors.Count).ToHashSet())
            )
            : ([.. Signals.Select(s => Newest(s, read) ?? Nothing(s, at))], Unseen(seen));
    }

    /// <summary>The selectors of each signal but those with these numbers.</summary>
    public ILookup<string, string> Unseen(IReadOnlySet<int> seen) =>
        selectors.Where((_, i) => !seen.Contains(i)).ToLookup(s => s.Signal, s => s.Selector, StringComparer.Ordinal);

    /// <summary>
    /// How far apart the points of each signal were, by an answer over a time: the middle of what was seen. Of fewer than three points nobody
    /// can tell.
    /// </summary>
    public IReadOnlyDictionary<string, TimeSpan> ReadSpacings(DateTimeOffset to, HttpReply reply) =>
        PrometheusAnswer
            .Understand(Label, to, reply, Points)
            .Where(p => p.Outcome is SampleOutcome.Value)
            .GroupBy(p => p.Signal, p => p.Value!.Value, StringComparer.Ordinal)
            .Select(s => (Signal: s.Key, Times: s.Distinct().Order().ToList()))
            .Where(s => s.Times.Count >= LeastPoints)
            .ToDictionary(s => s.Signal, s => Middle(s.Times), StringComparer.Ordinal);

    private static TimeSpan Middle(List<double> times)
    {
        var gaps = times.Zip(times.Skip(1), (one, next) => next - one).Order().ToList();
        return TimeSpan.FromSeconds(gaps[gaps.Count / 2]);
    }

    private static Sample? Newest(string signal, IEnumerable<Sample> ages) =>
        ages.Where(a => string.Equals(a.Signal, signal, StringComparison.Ordinal)).MinBy(a => a.Value);

    private static Sample Nothing(string signal, DateTimeOffset at) =>
        Sample.NoData(signal, at, Message.Of("probes.prometheus.empty"));

    private IReadOnlyList<Sample> Ages(DateTimeOffset at, JsonElement data, HashSet<int> seen)
    {
        var ages = data.GetProperty("result")
            .EnumerateArray()
            .Where(s => s.GetProperty("metric").TryGetProperty(Label, out _))
            .Select(s => (Index: Index(s), At: double.Parse(Value(s), CultureInfo.InvariantCulture)))
            .ToList();
        seen.UnionWith(ages.Select(a => a.Index));
        return [.. ages.Select(a => Sample.Of(selectors[a.Index].Signal, at, Math.Max(0, Seconds(at) - a.At)))];
    }

    /// <summary>The time of the newest point, at each step.</summary>
    private IReadOnlyList<Sample> Points(JsonElement data) =>
        [
            .. data.GetProperty("result")
                .EnumerateArray()
                .Where(s => s.GetProperty("metric").TryGetProperty(Label, out _))
                .SelectMany(s => s.GetProperty("values").EnumerateArray().Select(pair => Point(Index(s), pair))),
        ];

    private Sample Point(int index, JsonElement pair) =>
        Sample.Of(
            selectors[index].Signal,
            DateTimeOffset.FromUnixTimeMilliseconds((long)(pair[0].GetDouble() * 1000)),
            double.Parse(pair[1].GetString()!, CultureInfo.InvariantCulture)
        );

    private static int Index(JsonElement series) =>
        int.Parse(series.GetProperty("metric").GetProperty(Label).GetString()!, CultureInfo.InvariantCulture);

    private static string Value(JsonElement series) => series.GetProperty("value")[1].GetString()!;

    private static double Seconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / 1000.0;

    private static string Offset(TimeSpan delay) =>
        delay > TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"\noffset {Math.Ceiling(delay.TotalMilliseconds)}ms")
            : "";

    private string Together(Func<string, TimeSpan, string> newest) =>
        string.Join(
            " or ",
            selectors.Select(
                (s, i) =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"label_replace({newest(s.Selector, s.Delay)}, \"{Label}\", \"{i}\", \"\", \"\")"
                    )
            )
        );
}
