using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Probes.Prometheus;

/// <summary>
/// Tells of names in a query that its server does not know. Failures are asked for with <c>or vector(0)</c>, because there may be none yet:
/// where a name in that is misspelt, the query says zero whatever happens. It may also be that there are none yet, so it is told and no more.
/// </summary>
/// <param name="labelsOf">The labels that series of a metric have; none where there are no such series, null where nobody knows.</param>
internal sealed class PrometheusSpelling(Func<string, Task<IReadOnlyList<string>?>> labelsOf)
{
    /// <summary>What is told beside how old the newest points of a signal are.</summary>
    /// <param name="age">Of the signal.</param>
    /// <param name="unseen">The selectors of its query of which there are no points.</param>
    public async Task<Sample> WithAsync(Sample age, IEnumerable<string> unseen)
    {
        foreach (var selector in unseen.Select(PromQlSelector.Of).OfType<PromQlSelector>())
        {
            if (await ProblemAsync(selector).ConfigureAwait(false) is { } problem)
            {
                return age with { Detail = age.Detail ?? problem };
            }
        }

        return age;
    }

    /// <summary>Null where it is no answer to the question.</summary>
    public static IReadOnlyList<string>? Read(HttpReply reply)
    {
        try
        {
            using var json = JsonDocument.Parse(reply.Body);
            return json.RootElement.GetProperty("status").GetString() is "success"
                ? [.. json.RootElement.GetProperty("data").EnumerateArray().Select(l => l.GetString() ?? "")]
                : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private async Task<Message?> ProblemAsync(PromQlSelector selector)
    {
        var labels = await labelsOf(selector.Metric).ConfigureAwait(false);
        return labels switch
        {
            null => null,
            [] => Message.Of(UnknownName.Metric, ("metric", selector.Metric)),
            _ when selector.Labels.Except(labels, StringComparer.Ordinal).FirstOrDefault() is { } label => Message.Of(
                UnknownName.Label,
                ("metric", selector.Metric),
                ("label", label),
                ("labels", string.Join(", ", labels.Where(l => l is not "__name__")))
            ),
            _ => null,
        };
    }
}
