using System.Text.Json.Nodes;

namespace Tidelock.Notifications.Grafana;

/// <summary>A part of a run as Grafana shows it: all of it, or its way back.</summary>
/// <param name="Name">What its annotation's id is journaled under; another way back of the same run has another name.</param>
/// <param name="Tag">What no other region has.</param>
/// <param name="From">When it began.</param>
/// <param name="Until">When it ended; null while it goes on.</param>
/// <param name="Tags">What it has in common with others.</param>
/// <param name="Text">What people read.</param>
internal sealed record GrafanaRegion(
    string Name,
    string Tag,
    DateTimeOffset From,
    DateTimeOffset? Until,
    IReadOnlyList<string> Tags,
    string Text
)
{
    /// <summary>Whether it is a moment, and so never changed.</summary>
    public bool IsMoment => From == Until;

    /// <summary>What is sent to make it. One that goes on has no end yet and is a line.</summary>
    public JsonObject Made(GrafanaOptions options)
    {
        var annotation = new JsonObject();
        if (options.Dashboard is { } dashboard)
        {
            annotation["dashboardUID"] = dashboard;
        }

        if (options.Panel is { } panel)
        {
            annotation["panelId"] = panel;
        }

        annotation["time"] = From.ToUnixTimeMilliseconds();
        Describe(annotation);
        return annotation;
    }

    /// <summary>What is sent to change it into what it is now.</summary>
    public JsonObject Changed()
    {
        var change = new JsonObject();
        Describe(change);
        return change;
    }

    private void Describe(JsonObject annotation)
    {
        if (Until is { } until)
        {
            annotation["timeEnd"] = until.ToUnixTimeMilliseconds();
        }

        annotation["tags"] = new JsonArray([.. Tags.Append(Tag).Select(t => (JsonNode)t)]);
        annotation["text"] = Text;
    }
}
