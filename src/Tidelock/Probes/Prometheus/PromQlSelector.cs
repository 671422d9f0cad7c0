using System.Text.RegularExpressions;

namespace Tidelock.Probes.Prometheus;

/// <summary>What a selector is about: <c>http_requests_total{code=~"5.."}</c>.</summary>
/// <param name="Metric">The metric it names.</param>
/// <param name="Labels">The labels without which nothing matches it.</param>
internal sealed partial record PromQlSelector(string Metric, IReadOnlyList<string> Labels)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>Null where it does not begin with the name of a metric.</summary>
    public static PromQlSelector? Of(string selector) =>
        Name().Match(selector) is { Success: true, Value: var metric }
            ? new PromQlSelector(
                metric,
                [
                    .. Matchers()
                        .Matches(selector[metric.Length..])
                        .Where(m => NeedsLabel(m.Groups["by"].Value, m.Groups["text"].Value[1..^1]))
                        .Select(m => m.Groups["label"].Value)
                        .Distinct(StringComparer.Ordinal),
                ]
            )
            : null;

    /// <summary>To Prometheus a label that is not there is an empty one.</summary>
    private static bool NeedsLabel(string by, string text) =>
        by switch
        {
            "=" => text.Length > 0,
            "=~" => !MatchesNothing(text),
            _ => false,
        };

    private static bool MatchesNothing(string pattern)
    {
        try
        {
            return Regex.IsMatch("", $"^(?:{pattern})$", RegexOptions.ExplicitCapture, Limit);
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            // Nobody here knows what it means to the server.
            return true;
        }
    }

    [GeneratedRegex("^[A-Za-z_:][A-Za-z0-9_:]*", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(
        """(?<label>[A-Za-z_][A-Za-z0-9_]*)\s*(?<by>=~|!~|!=|=)\s*(?<text>"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|`[^`]*`)""",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Matchers();
}
