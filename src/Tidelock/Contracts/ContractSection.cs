using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>Reads <c>contract:</c>.</summary>
internal sealed class ContractSection : IChangeSection
{
    public string Key => "contract";

    public string SchemaFragment => SchemaFragments.Beside<ContractSection>("contract");

    public bool PerEnvironment => false;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (!node.Exists || !node.Only("relation", "columns", "unique", "rules").IsMapping)
        {
            return new Contract(null, [], [], []);
        }

        node["relation"].Require();
        node["columns"].Require();
        var columns = ReadColumns(node["columns"]);
        return new Contract(
            node["relation"].Relation(),
            columns,
            ReadUnique(node["unique"], columns),
            [.. node["rules"].Items.Select(ReadRule)]
        );
    }

    private static List<ContractColumn> ReadColumns(ChangeNode node)
    {
        var columns = new List<ContractColumn>();
        foreach (var item in node.Items)
        {
            item.Only("name", "type", "notNull");
            item["name"].Require();
            item["type"].Require();
            var name = item["name"].Text();
            if (name.Length > 0 && columns.Any(c => string.Equals(c.Name, name, StringComparison.Ordinal)))
            {
                item["name"].Mistake(Message.Of("contracts.column.twice", ("column", name)));
            }

            columns.Add(new ContractColumn(name, TypeName.Normalize(item["type"].Text()), item["notNull"].Flag(false)));
        }

        if (node.IsList && columns.Count == 0)
        {
            node.Mistake(Message.Of("contracts.columns.none"));
        }

        return columns;
    }

    private static List<IReadOnlyList<string>> ReadUnique(ChangeNode node, List<ContractColumn> columns)
    {
        var keys = new List<IReadOnlyList<string>>();
        foreach (var set in node.Items)
        {
            if (set.IsList && set.Items.Count == 0)
            {
                set.Mistake(Message.Of("contracts.unique.empty"));
            }

            keys.Add([.. set.Items.Select(column => KnownColumn(column, columns))]);
        }

        return keys;
    }

    private static string KnownColumn(ChangeNode node, List<ContractColumn> columns)
    {
        var name = node.Text();
        if (name.Length > 0 && !columns.Any(c => string.Equals(c.Name, name, StringComparison.Ordinal)))
        {
            var known = string.Join(", ", columns.Select(c => c.Name));
            node.Mistake(Message.Of("contracts.column.unknown", ("column", name), ("known", known)));
        }

        return name;
    }

    private static ContractRule ReadRule(ChangeNode node)
    {
        node.Only("name", "sql");
        node["name"].Require();
        node["sql"].Require();
        return new ContractRule(node["name"].Text(), node["sql"].Sql());
    }
}
