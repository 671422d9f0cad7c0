using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tidelock.Notifications.Http;
using Tidelock.Probes;

namespace Tidelock.Notifications.Grafana;

/// <summary>Grafana's annotations: <c>/api/annotations</c>.</summary>
internal sealed class GrafanaApi(HttpAccess access, ChannelContext context)
{
    public const string Path = "/api/annotations";

    private readonly ApiHttp http = new(access, context.Time, context.Handler);

    /// <summary>Asks for annotations that have all of these tags.</summary>
    public Task<ApiReply> FindAsync(IEnumerable<string> tags, CancellationToken cancellation)
    {
        var query = string.Join('&', tags.Select(t => $"tags={Uri.EscapeDataString(t)}"));
        return SendAsync(HttpMethod.Get, $"{Path}?type=annotation&limit=10&{query}", null, cancellation);
    }

    public Task<ApiReply> CreateAsync(JsonObject annotation, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, Path, annotation, cancellation);

    public Task<ApiReply> ChangeAsync(string id, JsonObject change, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, $"{Path}/{Uri.EscapeDataString(id)}", change, cancellation);

    public Task<ApiReply> DashboardAsync(string uid, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, $"/api/dashboards/uid/{Uri.EscapeDataString(uid)}", null, cancellation);

    /// <summary>The id in an answer: of the annotation that was made, or of the first that was found. Null where there is none.</summary>
    public static string? IdIn(ApiReply reply) =>
        reply.Json() switch
        {
            { ValueKind: JsonValueKind.Array } found => found.EnumerateArray().Select(IdOf).FirstOrDefault(),
            { } made => IdOf(made),
            null => null,
        };

    private static string? IdOf(JsonElement annotation) =>
        annotation.ValueKind is JsonValueKind.Object
        && annotation.TryGetProperty("id", out var id)
        && id.TryGetInt64(out var number)
            ? number.ToString(CultureInfo.InvariantCulture)
            : null;

    private async Task<ApiReply> SendAsync(
        HttpMethod method,
        string path,
        JsonObject? body,
        CancellationToken cancellation
    )
    {
        using var request = new HttpRequestMessage(method, http.At(path))
        {
            Content = body is null ? null : ApiJson.Content(body),
        };
        return await http.AskAsync(request, cancellation).ConfigureAwait(false);
    }
}
