using System.Text.Json;

namespace Tidelock.Notifications.Grafana;

/// <summary>
/// Which data sources the panels of a dashboard ask, as its JSON names them: by uid, by name, by a variable of the dashboard, or not at all,
/// which is the default one.
/// </summary>
/// <param name="Sources">Each once; the empty text stands for the default.</param>
/// <param name="HasLibraryPanels">Whether some panels are not in it, so that nobody knows what they ask.</param>
internal sealed record GrafanaDashboard(IReadOnlyList<string> Sources, bool HasLibraryPanels)
{
    /// <summary>What Grafana answers by itself, and where the sources are each query's own.</summary>
    private static readonly string[] Inner = ["grafana", "-- Grafana --", "-- Mixed --", "-- Dashboard --", "__expr__"];

    /// <exception cref="InvalidOperationException">It is not as documented.</exception>
    /// <exception cref="KeyNotFoundException">The same.</exception>
    public static GrafanaDashboard Of(JsonElement dashboard)
    {
        var variables = Variables(dashboard);
        var panels = Panels(dashboard).Concat(Items(dashboard, "rows").SelectMany(Panels)).ToList();
        return new GrafanaDashboard(
            [
                .. panels
                    .SelectMany(SourcesOf)
                    .Select(source => Resolved(source, variables))
                    .Where(source => !Inner.Contains(source, StringComparer.Ordinal))
                    .Distinct(StringComparer.Ordinal),
            ],
            panels.Exists(p => p.TryGetProperty("libraryPanel", out _) && !Items(p, "targets").Any())
        );
    }

    /// <summary>Those in collapsed rows stand inside the row.</summary>
    private static IEnumerable<JsonElement> Panels(JsonElement of) =>
        Items(of, "panels").SelectMany(p => Panels(p).Prepend(p));

    /// <summary>Of each query, where it has one of its own, else of its panel. A panel without a query asks nobody.</summary>
    private static IEnumerable<string> SourcesOf(JsonElement panel) =>
        Items(panel, "targets").Select(query => Source(query) ?? Source(panel) ?? "");

    private static string? Source(JsonElement of) =>
        !of.TryGetProperty("datasource", out var source) ? null
        : source.ValueKind is JsonValueKind.String ? source.GetString()
        : source.ValueKind is JsonValueKind.Object && source.TryGetProperty("uid", out var uid) ? uid.GetString()
        : null;

    private static string Resolved(string source, Dictionary<string, string> variables)
    {
        var name =
            source.StartsWith("${", StringComparison.Ordinal) ? source[2..].TrimEnd('}').Split(':')[0]
            : source.StartsWith('$') ? source[1..]
            : "";
        var value = variables.GetValueOrDefault(name, source);
        return string.Equals(value, "default", StringComparison.Ordinal) ? "" : value;
    }

    private static Dictionary<string, string> Variables(JsonElement dashboard)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in dashboard.TryGetProperty("templating", out var t) ? Items(t, "list") : [])
        {
            if (
                variable.TryGetProperty("current", out var current)
                && current.ValueKind is JsonValueKind.Object
                && current.TryGetProperty("value", out var value)
                && value.ValueKind is JsonValueKind.String
            )
            {
                values[variable.GetProperty("name").GetString()!] = value.GetString()!;
            }
        }

        return values;
    }

    private static IEnumerable<JsonElement> Items(JsonElement of, string key) =>
        of.ValueKind is JsonValueKind.Object
        && of.TryGetProperty(key, out var list)
        && list.ValueKind is JsonValueKind.Array
            ? list.EnumerateArray()
            : [];
}
