using System.Text.Json;
using Tidelock.Notifications.Http;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Grafana;

/// <summary>Asks Grafana whether a dashboard is there and whether every data source it draws from answers.</summary>
internal sealed class GrafanaHealth(HttpAccess access, TimeProvider time)
{
    private readonly ApiHttp http = new(access, time);

    /// <summary>The uid of the dashboard an address of this Grafana leads to: <c>…/d/UID/name</c>. Null for any other address.</summary>
    public static string? DashboardAt(Uri address, HttpAccess grafana)
    {
        var home = new Uri(grafana.Address.AbsoluteUri.TrimEnd('/') + "/");
        if (!home.IsBaseOf(address))
        {
            return null;
        }

        var path = home.MakeRelativeUri(address).OriginalString.Split('?', '#')[0].Split('/');
        return path is ["d" or "d-solo", { Length: > 0 } uid, ..] ? Uri.UnescapeDataString(uid) : null;
    }

    /// <summary>Whether an address is one of this Grafana, however its scheme and its letters are written.</summary>
    public static bool IsOf(Uri address, HttpAccess grafana) =>
        address.IsAbsoluteUri
        && grafana.Address.IsAbsoluteUri
        && string.Equals(address.Host, grafana.Address.Host, StringComparison.OrdinalIgnoreCase)
        && (address.Port == grafana.Address.Port || (address.IsDefaultPort && grafana.Address.IsDefaultPort))
        && $"{address.AbsolutePath}/".StartsWith(
            grafana.Address.AbsolutePath.TrimEnd('/') + "/",
            StringComparison.OrdinalIgnoreCase
        );

    /// <summary>What is wrong with a dashboard; null where it is there and all its data sources answer.</summary>
    public async Task<Message?> ProblemAsync(string uid, CancellationToken cancellation)
    {
        var reply = await GetAsync($"/api/dashboards/uid/{Uri.EscapeDataString(uid)}", cancellation)
            .ConfigureAwait(false);
        if (reply.Status == 404)
        {
            return Message.Of("notifications.grafana.no-dashboard", ("uid", uid));
        }

        if (reply.Problem is { } problem)
        {
            return problem;
        }

        try
        {
            var answer = reply.Json() ?? throw new InvalidOperationException();
            var dashboard = GrafanaDashboard.Of(answer.GetProperty("dashboard"));
            return dashboard.HasLibraryPanels
                ? Message.Of("notifications.grafana.library", ("uid", uid))
                : await ProblemAsync(dashboard.Sources, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
        {
            return reply.NotAsDocumented;
        }
    }

    private async Task<Message?> ProblemAsync(IReadOnlyList<string> sources, CancellationToken cancellation)
    {
        if (sources.Count == 0)
        {
            return null;
        }

        var reply = await GetAsync("/api/datasources", cancellation).ConfigureAwait(false);
        if (reply.Problem is { } unknown)
        {
            return unknown;
        }

        var known = (reply.Json() ?? throw new InvalidOperationException()).EnumerateArray().ToList();
        var problems = new List<Message>();
        foreach (var source in sources)
        {
            if (await ProblemAsync(source, known, cancellation).ConfigureAwait(false) is { } problem)
            {
                problems.Add(problem);
            }
        }

        return problems.Count > 0 ? Several.Of(problems) : null;
    }

    private async Task<Message?> ProblemAsync(string source, List<JsonElement> known, CancellationToken cancellation)
    {
        var found = known.FirstOrDefault(s =>
            source.Length == 0
                ? s.TryGetProperty("isDefault", out var isDefault) && isDefault.ValueKind is JsonValueKind.True
                : Is(s, "uid", source) || Is(s, "name", source)
        );
        if (found.ValueKind is JsonValueKind.Undefined)
        {
            return Message.Of("notifications.grafana.no-source", ("source", source.Length == 0 ? "default" : source));
        }

        var uid = found.GetProperty("uid").GetString()!;
        var reply = await GetAsync($"/api/datasources/uid/{Uri.EscapeDataString(uid)}/health", cancellation)
            .ConfigureAwait(false);
        var health = reply.Json();
        var isWell = reply.Problem is null && health is { ValueKind: JsonValueKind.Object } h && Is(h, "status", "OK");
        return isWell
            ? null
            : Message.Of(
                "notifications.grafana.source-ill",
                ("source", found.GetProperty("name").GetString()),
                ("problem", Said(health) ?? reply.Problem ?? reply.NotAsDocumented)
            );
    }

    /// <summary>What Grafana says about the data source, in its own words.</summary>
    private static Message? Said(JsonElement? health) =>
        health is { ValueKind: JsonValueKind.Object } h
        && h.TryGetProperty("message", out var said)
        && said.GetString() is { Length: > 0 } words
            ? Message.Of("notifications.grafana.says", ("words", words))
            : null;

    private static bool Is(JsonElement element, string key, string value) =>
        element.TryGetProperty(key, out var found)
        && found.ValueKind is JsonValueKind.String
        && found.ValueEquals(value);

    private async Task<ApiReply> GetAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, http.At(path));
        return await http.AskAsync(request, cancellation).ConfigureAwait(false);
    }
}
