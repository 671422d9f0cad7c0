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

    /// <summary>For every signal how many seconds before that time its newest point was; no data or an error where nobody knows.</summary>
    public IReadOnlyList<Sample> Read(DateTimeOffset at, HttpReply reply)
    {
        var read = PrometheusAnswer.Understand(Label, at, reply, data => Ages(at, data));
        return read is [{ Outcome: SampleOutcome.Error } failed]
            ? [.. Signals.Select(s => failed with { Signal = s })]
            : [.. Signals.Select(s => Newest(s, read) ?? Nothing(s, at))];
    }

    private static Sample? Newest(string signal, IEnumerable<Sample> ages) =>
        ages.Where(a => string.Equals(a.Signal, signal, StringComparison.Ordinal)).MinBy(a => a.Value);

    private static Sample Nothing(string signal, DateTimeOffset at) =>
        Sample.NoData(signal, at, Message.Of("probes.prometheus.empty"));

    private IReadOnlyList<Sample> Ages(DateTimeOffset at, JsonElement data) =>
        [
            .. data.GetProperty("result")
                .EnumerateArray()
                .Where(s => s.GetProperty("metric").TryGetProperty(Label, out _))
                .Select(s => (Index(s), double.Parse(Value(s), CultureInfo.InvariantCulture)))
                .Select(s => Sample.Of(selectors[s.Item1].Signal, at, Math.Max(0, Seconds(at) - s.Item2))),
        ];

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
