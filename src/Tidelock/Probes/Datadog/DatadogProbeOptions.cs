using System.Text.RegularExpressions;

namespace Tidelock.Probes.Datadog;

/// <summary><c>{ datadog: "avg:trace.http.request.duration{service:api}" }</c>: a metrics query that yields one series.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">What the query's value stands for.</param>
/// <param name="Access">Which Datadog is asked.</param>
/// <param name="Query">The query; a formula over <paramref name="Named"/> where there are any.</param>
/// <param name="Named">Metrics queries by the names that the formula calls them; none for a query that stands alone.</param>
public sealed partial record DatadogProbeOptions(
    string Signal,
    SignalUnit Unit,
    DatadogAccess Access,
    string Query,
    IReadOnlyDictionary<string, string>? Named = null
) : ProbeOptions(Signal, Unit)
{
    /// <summary>How many requests are behind the value of a bucket, written as the query is; null where the author does not say how.</summary>
    public string? Weight { get; init; }

    public override bool IsUncounted => Weight is null;

    /// <summary>What is asked for: the value, and the requests behind it where they are counted.</summary>
    internal IReadOnlyList<string> Asked => Weight is { } weight ? [Query, weight] : [Query];

    /// <summary>What is asked for with other names for its queries.</summary>
    internal IEnumerable<string> FormulasWith(Func<string, string> rename) =>
        Asked.Select(f => Words().Replace(f, word => Named!.ContainsKey(word.Value) ? rename(word.Value) : word.Value));

    /// <summary>What a formula calls by name: queries and functions.</summary>
    internal static HashSet<string> WordsOf(string formula) =>
        Words().Matches(formula).Select(m => m.Value).ToHashSet(StringComparer.Ordinal);

    [GeneratedRegex(@"\b[A-Za-z_][A-Za-z0-9_]*", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Words();
}
