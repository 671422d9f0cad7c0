using System.Globalization;
using System.Text.Json.Nodes;
using Tidelock.Notifications.Words;

namespace Tidelock.Notifications.Command;

/// <summary>One notice as a program reads it.</summary>
internal static class CommandNotice
{
    public static JsonObject Of(NoticeView view, Notice notice, NoticeWords words)
    {
        var then = view with { State = notice.State, Now = notice.At };
        var json = new JsonObject
        {
            ["moment"] = Word(notice.Moment),
            ["at"] = Time(notice.At),
            ["change"] = view.Subject.Change,
            ["title"] = view.Subject.Title,
            ["digest"] = view.Subject.Digest,
            ["environment"] = view.Subject.TargetEnvironment,
            ["database"] = view.Subject.Target,
            ["by"] = view.Subject.By,
            ["headline"] = NoticeWords.Headline(view),
            ["standing"] = words.Standing(then),
            ["text"] = words.Line(notice) ?? words.Standing(then),
            ["needsPerson"] = notice.Moment is Moment.NeedsPerson || NoticeWords.NeedsPerson(notice.State),
            ["commands"] = new JsonArray([.. NoticeWords.Commands(then).Select(c => (JsonNode)c)]),
            ["contacts"] = Mapping(view.Subject.Contacts),
            ["links"] = Mapping(view.Subject.Links),
        };
        if (view.Run is { } run)
        {
            json["run"] = run.Value;
        }

        if (view.StartsAt is { } startsAt)
        {
            json["startsAt"] = Time(startsAt);
        }

        if (notice.Entry is { } entry)
        {
            json["sequence"] = entry.Sequence;
            json["anchor"] = NoticeWords.Anchor(entry);
            json["event"] = JsonNode.Parse(entry.Payload);
        }

        return json;
    }

    /// <summary><c>needsPerson</c>, as all words of ours in JSON.</summary>
    private static string Word(Moment moment)
    {
        var name = moment.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private static string Time(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static JsonObject Mapping(IReadOnlyDictionary<string, string> texts) =>
        new(texts.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));
}
