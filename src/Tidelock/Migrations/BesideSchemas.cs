using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Migrations;

/// <summary>
/// The schemas that a closure is built in: one for each schema it stands in, so that whatever has a name of its own there has it here,
/// and names mean the same in the same order.
/// </summary>
internal sealed class BesideSchemas
{
    private readonly Dictionary<string, string> copies;

    public BesideSchemas(params ReadOnlySpan<RelationClosure> closures)
    {
        var id = Guid.NewGuid().ToString("N");
        var sources = new List<string>();
        foreach (var closure in closures)
        {
            sources.AddRange(closure.All.Select(r => r.Name.Schema));
            sources.AddRange(
                (closure.Objects ?? []).Where(o => o.IsStatistics).Select(o => RelationName.TryParse(o.Name)!.Schema)
            );
        }

        Sources = sources.Distinct(StringComparer.Ordinal).ToList();
        copies = Sources
            .Select((s, i) => (Source: s, Copy: FormattableString.Invariant($"tidelock_{id}_{i}")))
            .ToDictionary(s => s.Source, s => s.Copy, StringComparer.Ordinal);
    }

    /// <summary>Where the closure stands.</summary>
    public IReadOnlyList<string> Sources { get; }

    /// <summary>Where it is built.</summary>
    public IEnumerable<string> Copies => copies.Values;

    /// <summary>One of them, for what only exists for a moment.</summary>
    public string Any => copies[Sources[0]];

    public RelationName Copy(RelationName name) => name with { Schema = copies[name.Schema] };

    /// <summary>Of which relation one that was built is the copy; any other is itself.</summary>
    public RelationName Source(RelationName copy) =>
        copy with
        {
            Schema = Sources.FirstOrDefault(s => copies[s] == copy.Schema) ?? copy.Schema,
        };

    /// <summary>A search_path in which the closure's own names mean what was built, and all others what they mean where it stands.</summary>
    public string Path(IEnumerable<string> order) => Text(order.SelectMany(s => new[] { copies[s], s }));

    /// <summary>A search_path as SQL.</summary>
    public static string Text(IEnumerable<string> order) =>
        string.Join(", ", order.Select(Identifiers.Quote).Append("pg_temp"));
}
