using System.Net.Http.Headers;
using System.Text.Json;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Http;

/// <summary>What an API answered.</summary>
/// <param name="Status">0 where there was no answer.</param>
/// <param name="Body">All of it.</param>
/// <param name="RetryAfter">How long it asks to be left alone; null where it does not say.</param>
/// <param name="Problem">Why this is not what was asked for; null where the status says that all went well.</param>
internal sealed record ApiReply(int Status, byte[] Body, TimeSpan? RetryAfter, Message? Problem)
{
    private HttpResponseHeaders? Headers { get; init; }

    /// <summary>Whether the same request can go well later: no answer, too many requests, a fault of the server.</summary>
    public bool MayGoWellLater => Problem is not null && Status is 0 or 408 or 425 or 429 or >= 500;

    /// <summary>In place of an answer where nothing had to be asked.</summary>
    public static ApiReply Unasked { get; } = new(0, [], null, null);

    public static ApiReply Nothing(Message problem) => new(0, [], null, problem);

    public static ApiReply Of(string host, HttpResponseMessage answer, byte[] body, DateTimeOffset now) =>
        new(
            (int)answer.StatusCode,
            body,
            Wait(answer, now),
            answer.IsSuccessStatusCode ? null : Refusal(host, answer, body)
        )
        {
            Headers = answer.Headers,
        };

    /// <summary>The words of a header that lists some; null where it is not there.</summary>
    public IReadOnlyList<string>? Words(string header) =>
        Headers?.TryGetValues(header, out var values) == true
            ? [.. values.SelectMany(v => v.Split(',', StringSplitOptions.TrimEntries))]
            : null;

    /// <summary>The answer's JSON; null where it is none.</summary>
    public JsonElement? Json()
    {
        try
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>That this is not what the API's documentation promises.</summary>
    public Message NotAsDocumented =>
        Message.Of("notifications.api.undocumented", ("begins", ProbeHttp.Beginning(Body)));

    private static Message Refusal(string host, HttpResponseMessage answer, byte[] body) =>
        Message.Of(
            (int)answer.StatusCode is 401 or 403 ? "notifications.api.unauthorized" : "notifications.api.status",
            ("host", host),
            ("status", (int)answer.StatusCode),
            ("begins", ProbeHttp.Beginning(body))
        );

    /// <summary>In seconds, or a time by the server's clock.</summary>
    private static TimeSpan? Wait(HttpResponseMessage answer, DateTimeOffset now) =>
        answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } when date > (answer.Headers.Date ?? now) => date - (answer.Headers.Date ?? now),
            _ => null,
        };
}
