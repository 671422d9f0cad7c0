using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tidelock.Notifications.Words;
using Tidelock.Runs;

namespace Tidelock.Notifications.Webhook;

/// <summary>One event as it is sent.</summary>
/// <param name="Id">The same at every try.</param>
/// <param name="Body">The payload as the journal stores it.</param>
/// <param name="Headers">Where it stands in the journal's chain.</param>
internal sealed record WebhookEvent(string Id, string Body, IReadOnlyList<(string Name, string Value)> Headers)
{
    public static WebhookEvent Of(NoticeView view, Notice notice) =>
        notice.Entry is { } entry
            ? new WebhookEvent(
                entry.EventId,
                entry.Payload,
                [
                    ("tidelock-stream", entry.Stream),
                    ("tidelock-sequence", entry.Sequence.ToString(CultureInfo.InvariantCulture)),
                    ("tidelock-previous-hash", entry.PreviousHash),
                    ("tidelock-hash", entry.Hash),
                ]
            )
        : notice.IsAlarm ? Alarm(view, notice)
        : Trial(view, notice);

    /// <summary>That a person is needed, which stands in no journal.</summary>
    private static WebhookEvent Alarm(NoticeView view, Notice notice)
    {
        var body = Unjournaled("Alarm", view, notice);
        body["run"] = view.Run?.Value;
        body["finding"] = JsonSerializer.SerializeToNode(notice.Text, RunJson.Readable.Message);
        body["commands"] = new JsonArray([.. NoticeWords.Commands(view).Select(c => (JsonNode)c)]);
        body["contacts"] = new JsonObject(
            view.Subject.Contacts.Select(c => KeyValuePair.Create(c.Key, (JsonNode?)c.Value))
        );
        return new WebhookEvent($"alarm-{Milliseconds(notice)}-{view.Run}", body.ToJsonString(), []);
    }

    /// <summary>No event of a run: it only shows whether the receiver takes what is sent.</summary>
    private static WebhookEvent Trial(NoticeView view, Notice notice) =>
        new($"trial-{Milliseconds(notice)}", Unjournaled("Trial", view, notice).ToJsonString(), []);

    private static JsonObject Unjournaled(string kind, NoticeView view, Notice notice) =>
        new()
        {
            ["kind"] = kind,
            ["change"] = view.Subject.Change,
            ["targetEnvironment"] = view.Subject.TargetEnvironment,
            ["at"] = notice.At.ToString("O", CultureInfo.InvariantCulture),
        };

    private static string Milliseconds(Notice notice) =>
        notice.At.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
}
