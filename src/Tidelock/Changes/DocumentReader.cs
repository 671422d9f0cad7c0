using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>Reads the root of a change file: its head, its environments, and each section by whoever owns it.</summary>
internal sealed class DocumentReader(
    IReadOnlyList<IChangeSection> sections,
    ChangeMapping root,
    ChangeFiles files,
    MistakeList mistakes,
    IReadOnlyDictionary<string, string>? variables
)
{
    private const string Version = "tidelock/v1";

    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    private readonly ChangeMapping? environmentNodes = root.Find("environments")?.Value as ChangeMapping;

    /// <summary>The change; null when a mistake was found.</summary>
    public Change? Read(string? environment, ChangeFile file)
    {
        var node = new ChangeNode(Context(needed: false), root, "", root.At);
        node.Only([.. ChangeHead.Keys, .. sections.Select(s => s.Key), "environments"]);
        node["apiVersion"].Word(Version, (Version, Version));
        var own = ReadSections(null, null, needed: false);
        var environments = ReadEnvironments(node["environments"], environment, ref own);
        var head = ChangeHead.Read(node);
        if (mistakes.Any)
        {
            return null;
        }

        var digest = ChangeDigest.Of(root, files.Hashes);
        var all = files.All.Append(file).OrderBy(f => f.Path, StringComparer.Ordinal).DistinctBy(f => f.Path);
        return new Change(head.Name, head.Title, files.Folder, digest, [.. all], environments, own.All)
        {
            Owner = head.Owner,
            Author = head.Author,
            Links = head.Links,
            Contacts = head.Contacts,
        };
    }

    private List<TargetEnvironment> ReadEnvironments(ChangeNode node, string? chosen, ref SectionReadings own)
    {
        var environments = new List<TargetEnvironment>();
        if (!node.Require())
        {
            return environments;
        }

        string[] allowed =
        [
            "database",
            "pgbouncer",
            "standby",
            .. sections.Where(s => s.PerEnvironment).Select(s => s.Key),
        ];
        foreach (var (name, _) in node.Entries)
        {
            if (!ChangeHead.IsName(name))
            {
                node.MistakeAtKey(name, Message.Of("changes.environment.name", ("name", name)));
            }

            var isChosen = string.Equals(name, chosen, StringComparison.Ordinal);
            var overlay = environmentNodes!.Find(name)!.Value;
            var entry = new ChangeNode(Context(isChosen), overlay, $"environments.{name}", root.At).Only(allowed);
            if (entry.IsMapping)
            {
                entry["database"].Require();
            }

            environments.Add(
                new TargetEnvironment(name, entry["database"].Connection())
                {
                    PgBouncer = entry["pgbouncer"].Connection(),
                    Standby = entry["standby"].Connection(),
                }
            );
            var readings = ReadSections(overlay, name, isChosen);
            own = isChosen ? readings : own;
        }

        RequireEnvironment(node, environments, chosen);
        return environments;
    }

    private static void RequireEnvironment(ChangeNode node, List<TargetEnvironment> environments, string? chosen)
    {
        if (environments.Count == 0 && node.IsMapping)
        {
            node.Mistake(Message.Of("changes.environment.none"));
        }
        else if (chosen is not null && !environments.Any(e => string.Equals(e.Name, chosen, StringComparison.Ordinal)))
        {
            var known = string.Join(", ", environments.Select(e => e.Name));
            node.Mistake(Message.Of("changes.environment.unknown", ("name", chosen), ("known", known)));
        }
    }

    private SectionReadings ReadSections(ChangeValue? overlay, string? environment, bool needed)
    {
        var readings = new SectionReadings([.. (environmentNodes?.Entries ?? []).Select(e => e.Key)], environment);
        var context = Context(needed);
        foreach (var section in sections)
        {
            var value = root.Find(section.Key)?.Value;
            var over = section.PerEnvironment ? (overlay as ChangeMapping)?.Find(section.Key)?.Value : null;
            var node = new ChangeNode(context, EnvironmentOverride.Merge(value, over), section.Key, root.At);
            readings.Add(section.Read(node, readings));
        }

        return readings;
    }

    private ReadingContext Context(bool needed) =>
        new(files, new Variables(variables ?? NoVariables, needed && variables is not null), mistakes);
}
