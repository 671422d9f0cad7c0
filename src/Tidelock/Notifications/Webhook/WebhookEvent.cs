using System.Globalization;
using System.Text.Json.Nodes;

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
            : Trial(view, notice);

    /// <summary>No event of a run: it only shows whether the receiver takes what is sent.</summary>
    private static WebhookEvent Trial(NoticeView view, Notice notice) =>
        new(
            $"trial-{notice.At.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}",
            new JsonObject
            {
                ["kind"] = "Trial",
                ["change"] = view.Subject.Change,
                ["targetEnvironment"] = view.Subject.TargetEnvironment,
                ["at"] = notice.At.ToString("O", CultureInfo.InvariantCulture),
            }.ToJsonString(),
            []
        );
}
