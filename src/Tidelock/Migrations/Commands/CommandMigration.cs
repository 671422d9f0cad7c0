using System.Text.RegularExpressions;
using Tidelock.Changes;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations.Commands;

/// <summary>The change is made by a program of the author's choice, in a folder of the change. All its files belong to the change.</summary>
public sealed record CommandMigration(
    IMigrationTool Tool,
    string Folder,
    IReadOnlyList<string> RecordNames,
    LockBudget Locks
) : ToolMigration(Tool, Folder, Locks)
{
    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(1);

    public override IReadOnlyList<string> Records => RecordNames;

    /// <summary>Reads <c>migration.command</c>.</summary>
    internal static CommandMigration Read(ChangeNode node, LockBudget locks)
    {
        node.Only(
            "directory",
            "name",
            "up",
            "down",
            "status",
            "to",
            "revision",
            "nothing",
            "within",
            "variables",
            "records"
        );
        node["directory"].Require();
        node["to"].Require();
        var directory = node["directory"].Folder() ?? "";
        var up = ReadWords(node["up"]);
        var down = ReadWords(node["down"]);
        var ask = ReadWords(node["status"]);
        var variables = ReadVariables(node["variables"]);
        RequireAddress(node["up"], up, ask, variables.Values);
        RequireAddress(node["down"], down, ask, variables.Values);
        var status = new CommandStatus(
            ReadExpression(node["revision"], groups: 1),
            ReadExpression(node["nothing"], groups: 0),
            node["within"].Duration(TimeSpan.FromMinutes(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(30))
        );
        var tool = new CommandTool(
            node["name"].Text(Path.GetFileName(up.FirstOrDefault("command"))),
            Path.GetFullPath(Path.Combine(node.Context.Files.Folder, directory)),
            node["to"].Text(),
            up,
            down,
            ask,
            status,
            variables
        );
        return new CommandMigration(tool, directory, ReadRecords(node["records"]), locks);
    }

    private static IReadOnlyList<string> ReadWords(ChangeNode node)
    {
        if (!node.Require())
        {
            return [];
        }

        var items = node.Items;
        if (node.IsList && items.Count == 0)
        {
            node.Mistake(Message.Of("migrations.command.no-program", ("key", node.Key)));
        }

        return [.. items.Select(i => ReadTemplate(i, CommandWords.Open))];
    }

    private static void RequireAddress(
        ChangeNode node,
        IReadOnlyList<string> words,
        IReadOnlyList<string> status,
        IEnumerable<string> variables
    )
    {
        if (words.Count > 0 && status.Count > 0 && !CommandAddress.IsKnown(words, status, variables))
        {
            node.Mistake(
                Message.Of(
                    "migrations.command.address-unknown",
                    ("key", node.Key),
                    ("program", words[0]),
                    ("status", status[0])
                )
            );
        }
    }

    private static Dictionary<string, string> ReadVariables(ChangeNode node)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in node.Exists ? node.Entries : [])
        {
            variables[name] = ReadTemplate(value, CommandWords.All);
        }

        return variables;
    }

    private static string ReadTemplate(ChangeNode node, IReadOnlyList<string> known)
    {
        var text = node.Text();
        if (Secrets.AreWrittenIn(text))
        {
            node.Mistake(Message.Of("changes.password", ("key", node.Key)));
        }

        foreach (var name in CommandWords.In(text).Where(n => !known.Contains(n)))
        {
            node.Mistake(
                name == CommandWords.Password
                    ? Message.Of("migrations.command.open-password", ("key", node.Key))
                    : Message.Of("migrations.command.placeholder", ("name", name), ("known", string.Join(", ", known)))
            );
        }

        return text;
    }

    private static Regex? ReadExpression(ChangeNode node, int groups)
    {
        if (node.Text() is not { Length: > 0 } text)
        {
            return null;
        }

        try
        {
            var expression = new Regex(text, RegexOptions.Multiline | RegexOptions.CultureInvariant, MatchLimit);
            if (groups == 0 || expression.GetGroupNumbers().Length == groups + 1)
            {
                return expression;
            }

            node.Mistake(Message.Of("migrations.command.one-group", ("text", text)));
        }
        catch (ArgumentException e)
        {
            node.Mistake(Message.Of("migrations.command.expression", ("text", text), ("reason", e.Message)));
        }

        return null;
    }

    /// <summary>As patterns for pg_dump: one word is a schema, two are a table.</summary>
    private static IReadOnlyList<string> ReadRecords(ChangeNode node)
    {
        var records = new List<string>();
        foreach (var item in node.Exists ? node.Items : [])
        {
            var text = item.Text();
            if (text.Length > 0 && RelationName.TryParse(text) is { } name)
            {
                var isTable = RelationName.TryParse("x." + text) is null;
                records.Add(isTable ? name.Sql : Identifiers.Quote(name.Name) + ".*");
            }
            else if (text.Length > 0)
            {
                item.Mistake(Message.Of("changes.relation", ("key", item.Key), ("text", text)));
            }
        }

        return records;
    }
}
