using System.Text.Json.Nodes;
using Tidelock.Notifications.Words;
using Tidelock.Runs;

namespace Tidelock.Notifications.Slack;

/// <summary>A run as a message of Slack: how it stands, its steps, what a person can type, links.</summary>
/// <param name="language">Of the text.</param>
internal sealed class SlackMessage(string language)
{
    /// <summary>Slack refuses longer ones.</summary>
    private const int LongestHeader = 150;
    private const int LongestSection = 3000;
    private const int LongestLabel = 75;
    private const int LongestAddress = 3000;
    private const int MostButtons = 5;

    private readonly NoticeWords words = new(language);

    /// <summary>What stands in a notification on a telephone.</summary>
    public string Short(NoticeView view) => Escaped($"{NoticeWords.Headline(view)}: {words.Standing(view)}");

    /// <summary>Of which run something is told.</summary>
    public string Head(NoticeView view) => $"*{Escaped(NoticeWords.Headline(view))}*";

    /// <summary>The message that is edited.</summary>
    /// <param name="view">The run.</param>
    /// <param name="said">What stands in no journal and so not in the run's state; empty for nothing.</param>
    public JsonArray Blocks(NoticeView view, string said = "")
    {
        var title = $"*{Standing(view)}*\n{Escaped(view.Subject.Title)}".TrimEnd();
        var blocks = new List<JsonNode>
        {
            Block("header", "plain_text", NoticeWords.Headline(view), LongestHeader),
            Section(title),
        };
        if (said.Length > 0)
        {
            blocks.Add(Section(said));
        }

        if (view.State.Steps.Count > 0)
        {
            blocks.Add(Section(Escaped(string.Join('\n', words.Steps(view.State)))));
        }

        if (Help(view) is { Length: > 0 } help)
        {
            blocks.Add(Section(help));
        }

        blocks.Add(Elements("context", Text("mrkdwn", Escaped(Footer(view)), LongestSection)));
        if (Buttons(view) is { Length: > 0 } buttons)
        {
            blocks.Add(Elements("actions", buttons));
        }

        return new JsonArray([.. blocks]);
    }

    /// <summary>What happened, a line each; empty where there is nothing for people.</summary>
    public string Lines(IReadOnlyList<Notice> news) =>
        Cut(Escaped(string.Join('\n', news.Select(words.Line).OfType<string>())), LongestSection);

    /// <summary>A start that is to come is shown by the clock of whoever reads it.</summary>
    private string Standing(NoticeView view)
    {
        var text = Escaped(words.Standing(view));
        return view is { Run: null, StartsAt: { } at, CalledOff: null }
            ? $"{text} (<!date^{at.ToUnixTimeSeconds()}^{{date_short_pretty}} {{time}}|{at:u}>)"
            : text;
    }

    /// <summary>What to type and whom to call, while that is of use.</summary>
    private string Help(NoticeView view)
    {
        var commands = string.Join('\n', NoticeWords.Commands(view));
        var typed = commands.Length > 0 ? $"```{Escaped(commands)}```" : "";
        var contacts = NoticeWords.NeedsPerson(view.State)
            ? Escaped(string.Join(" · ", NoticeWords.Contacts(view)))
            : "";
        return $"{typed}\n{contacts}".Trim();
    }

    private string Footer(NoticeView view)
    {
        var by = words.Say("notifications.footer", ("target", view.Subject.Target), ("by", view.Subject.By));
        return view switch
        {
            { Run: { } run, State.Status: RunStatus.Ended, Head: { } head } =>
                $"{by} · {run} · {NoticeWords.Anchor(head)}",
            { Run: { } run } => $"{by} · {run}",
            _ => by,
        };
    }

    private static JsonNode[] Buttons(NoticeView view) =>
        [
            .. view
                .Subject.Links.Where(l => IsAddress(l.Value))
                .Take(MostButtons)
                .Select(l => new JsonObject
                {
                    ["type"] = "button",
                    ["text"] = Text("plain_text", l.Key, LongestLabel),
                    ["url"] = l.Value,
                }),
        ];

    private static bool IsAddress(string link) =>
        link.Length <= LongestAddress
        && Uri.TryCreate(link, UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https";

    private static JsonObject Elements(string type, params JsonNode[] elements) =>
        new() { ["type"] = type, ["elements"] = new JsonArray(elements) };

    private static JsonObject Section(string markdown) => Block("section", "mrkdwn", markdown, LongestSection);

    private static JsonObject Block(string type, string kind, string text, int longest) =>
        new() { ["type"] = type, ["text"] = Text(kind, text, longest) };

    private static JsonObject Text(string kind, string text, int longest) =>
        new() { ["type"] = kind, ["text"] = Cut(text, longest) };

    private static string Cut(string text, int longest) =>
        text.Length <= longest ? text : Shortened(text, longest - 1) + "…";

    /// <summary>Half a letter outside of Unicode's first plane cannot be sent.</summary>
    private static string Shortened(string text, int longest) =>
        text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];

    /// <summary>Slack's three: what comes from a database or a person must not become a mention or a link.</summary>
    private static string Escaped(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
}
