using System.Globalization;
using System.Text.Json.Nodes;
using Tidelock.Notifications.Words;

namespace Tidelock.Notifications.PagerDuty;

/// <summary>One request to the Events API v2, but for its routing key.</summary>
/// <param name="Path">Which endpoint.</param>
/// <param name="Body">What is sent.</param>
internal sealed record PagerDutyEvent(string Path, JsonObject Body)
{
    private const string Alerts = "/v2/enqueue";
    private const string Changes = "/v2/change/enqueue";
    private const int LongestSummary = 1024;

    /// <summary>Whether it calls nobody.</summary>
    public bool IsChange => string.Equals(Path, Changes, StringComparison.Ordinal);

    /// <summary>A change: the beginning and the end of a run. It calls nobody.</summary>
    public static PagerDutyEvent Change(NoticeView view, Notice notice, string summary) =>
        new(
            Changes,
            new JsonObject
            {
                ["payload"] = new JsonObject
                {
                    ["summary"] = Short(summary),
                    ["source"] = view.Subject.Target,
                    ["timestamp"] = Time(notice.At),
                    ["custom_details"] = Details(view, notice),
                },
                ["links"] = Links(view),
            }
        );

    /// <summary>Calls whoever is on call, once per run: another one of the same run only adds to it.</summary>
    public static PagerDutyEvent Trigger(NoticeView view, PagerDutyNeed need, string summary) =>
        new(
            Alerts,
            new JsonObject
            {
                ["event_action"] = "trigger",
                ["dedup_key"] = KeyOf(view),
                ["client"] = "Tidelock",
                ["payload"] = new JsonObject
                {
                    ["summary"] = Short(summary),
                    ["source"] = view.Subject.Target,
                    ["severity"] = need.Severity,
                    ["timestamp"] = Time(need.Since),
                    ["component"] = view.Subject.Change,
                    ["group"] = view.Subject.TargetEnvironment,
                    ["class"] = need.Class,
                    ["custom_details"] = Details(view, null),
                },
                ["links"] = Links(view),
            }
        );

    public static PagerDutyEvent Resolve(NoticeView view) =>
        new(Alerts, new JsonObject { ["event_action"] = "resolve", ["dedup_key"] = KeyOf(view) });

    /// <summary>The body with the key of the service it is for.</summary>
    public JsonObject For(string routingKey)
    {
        var body = Body.DeepClone().AsObject();
        body.Insert(0, "routing_key", routingKey);
        return body;
    }

    private static string KeyOf(NoticeView view) => $"tidelock/{view.Run}";

    private static string Short(string text) => NoticeCut.Of(text, LongestSummary);

    private static string Time(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static JsonObject Details(NoticeView view, Notice? notice)
    {
        var details = new JsonObject
        {
            ["change"] = view.Subject.Change,
            ["title"] = view.Subject.Title,
            ["environment"] = view.Subject.TargetEnvironment,
            ["database"] = view.Subject.Target,
            ["digest"] = view.Subject.Digest,
            ["by"] = view.Subject.By,
        };
        Add(details, "run", view.Run?.Value);
        Add(details, "commands", string.Join('\n', NoticeWords.Commands(view)));
        Add(details, "contacts", string.Join('\n', NoticeWords.Contacts(view)));
        Add(details, "anchor", notice?.Entry is { } entry ? NoticeWords.Anchor(entry) : null);
        return details;
    }

    private static void Add(JsonObject details, string key, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            details[key] = value;
        }
    }

    /// <summary>Documents that are somewhere on the web; a file beside the change is nowhere to PagerDuty.</summary>
    private static JsonArray Links(NoticeView view) =>
        [
            .. view
                .Subject.Links.Where(l => l.Value.StartsWith("http", StringComparison.Ordinal))
                .Select(l => (JsonNode)new JsonObject { ["href"] = l.Value, ["text"] = l.Key }),
        ];
}
