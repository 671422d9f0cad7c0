using System.Text.RegularExpressions;
using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>What a change says about itself: its name, title, owner, documents and people.</summary>
internal sealed partial record ChangeHead(
    string Name,
    string Title,
    string Owner,
    string Author,
    IReadOnlyDictionary<string, string> Links,
    IReadOnlyDictionary<string, string> Contacts
)
{
    public static readonly string[] Keys = ["apiVersion", "change", "title", "owner", "author", "links", "contacts"];

    public static ChangeHead Read(ChangeNode root)
    {
        var name = ReadName(root["change"]);
        return new ChangeHead(
            name,
            root["title"].Text(name),
            root["owner"].Text(),
            root["author"].Text(),
            ReadLinks(root["links"]),
            ReadTexts(root["contacts"])
        );
    }

    /// <summary>Lower-case letters, digits and hyphens, so that a name can be typed, be a file's name and stand in a URL.</summary>
    public static bool IsName(string text) => NameForm().IsMatch(text);

    private static string ReadName(ChangeNode node)
    {
        node.Require();
        var name = node.Text();
        if (name.Length > 0 && !IsName(name))
        {
            node.Mistake(Message.Of("changes.name", ("name", name)));
        }

        return name;
    }

    private static Dictionary<string, string> ReadTexts(ChangeNode node) =>
        node.Entries.ToDictionary(e => e.Key, e => e.Value.Text(), StringComparer.Ordinal);

    /// <summary>A link is text for people; one that names a document of ours must name one that is there, wherever it lies.</summary>
    private static Dictionary<string, string> ReadLinks(ChangeNode node)
    {
        var links = ReadTexts(node);
        foreach (var (title, target) in links)
        {
            var isDocument =
                Path.GetExtension(target) is ".md" or ".txt" or ".html" or ".pdf"
                && !target.Contains("://", StringComparison.Ordinal);
            if (isDocument && !File.Exists(Path.Combine(node.Context.Files.Folder, target)))
            {
                node[title].Mistake(Message.Of("changes.link.missing", ("title", title), ("target", target)));
            }
        }

        return links;
    }

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NameForm();
}
