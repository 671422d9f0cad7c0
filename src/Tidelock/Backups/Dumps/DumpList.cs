using System.Globalization;
using Tidelock.Postgres;
using Tidelock.Programs;

namespace Tidelock.Backups.Dumps;

/// <summary>
/// What <c>pg_restore --list</c> says of a dump: its header and one line per entry. Names in the lines are not quoted, so they are
/// never taken apart; a known name is looked for at its place instead.
/// </summary>
internal sealed class DumpList
{
    private const string TableData = "TABLE DATA ";
    private const string ViewData = "MATERIALIZED VIEW DATA ";

    private static readonly string[] Relations = ["TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "FOREIGN TABLE"];

    private readonly List<Entry> entries;
    private readonly Dictionary<string, string> header = new(StringComparer.Ordinal);
    private readonly HashSet<string> byKindAndName = new(StringComparer.Ordinal);

    private DumpList(string text)
    {
        entries =
        [
            .. text.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0).Select(Read).OfType<Entry>(),
        ];
        foreach (var entry in entries)
        {
            byKindAndName.UnionWith(Prefixes(entry.What));
        }
    }

    /// <summary>Name of the database that was dumped; null where the header lacks it.</summary>
    public string? Database => header.GetValueOrDefault("dbname");

    /// <summary>Major version of the server it was dumped from; null where the header lacks it.</summary>
    public int? ServerMajor =>
        header.TryGetValue("Dumped from database version", out var version)
        && int.TryParse(
            version.TakeWhile(char.IsAsciiDigit).ToArray(),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var major
        )
            ? major
            : null;

    /// <summary>When it was made, as its maker's wall clock showed; the header keeps no zone, so this machine's is assumed.</summary>
    public DateTimeOffset? CreatedAt =>
        header.GetValueOrDefault("Archive created at") is { Length: >= 19 } text
        && DateTime.TryParseExact(
            text[..19],
            "yyyy-MM-dd HH:mm:ss",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out var at
        )
            ? new DateTimeOffset(at, TimeZoneInfo.Local.GetUtcOffset(at))
            : null;

    /// <summary>How many entries it has.</summary>
    public int Count => entries.Count;

    /// <summary>How many tables have their data in it.</summary>
    public int TablesWithData => entries.Count(e => e.What.StartsWith(TableData, StringComparison.Ordinal));

    /// <summary>Whether it creates any table, view or sequence.</summary>
    public bool CreatesRelations =>
        entries.Any(e => Relations.Any(kind => e.What.StartsWith(kind + " ", StringComparison.Ordinal)) && !e.IsDetail);

    /// <summary>Whether it creates a relation of this name.</summary>
    public bool Creates(string schema, string name) =>
        Relations.Any(kind => byKindAndName.Contains($"{kind} {schema} {name}"));

    /// <summary>The lines for <c>pg_restore --use-list</c> without those that create one of these schemas or extensions.</summary>
    public IEnumerable<string> Without(IReadOnlySet<string> schemas, IReadOnlySet<string> extensions) =>
        entries
            .Where(e => !IsOneOf(e, "SCHEMA - ", schemas) && !IsOneOf(e, "EXTENSION - ", extensions))
            .Select(e => e.Line);

    /// <summary>
    /// Of those lines the ones for the whole schema and the rows of some tables: no other table's rows, no large objects, and no foreign keys,
    /// which could not hold.
    /// </summary>
    public static IEnumerable<string> WithRowsOf(IEnumerable<string> lines, IReadOnlyCollection<RelationName> tables)
    {
        var kept = tables.Select(t => $"{TableData}{t.Schema} {t.Name}").ToHashSet(StringComparer.Ordinal);
        return lines.Where(l =>
            l.Split(' ', 4) is [_, _, _, var what]
            && !what.StartsWith("FK CONSTRAINT ", StringComparison.Ordinal)
            && !what.StartsWith("BLOBS ", StringComparison.Ordinal)
            && (!what.StartsWith(TableData, StringComparison.Ordinal) || Prefixes(what).Any(kept.Contains))
        );
    }

    /// <summary>Whether it has logins on other servers.</summary>
    public bool HasUserMappings => entries.Any(e => IsUserMapping(e.What));

    /// <summary>Of those lines the ones that lead to no other server: without user mappings and subscriptions, and without the rows of some materialized views.</summary>
    public static IEnumerable<string> Enclosed(IEnumerable<string> lines, IReadOnlyCollection<RelationName> unfilled)
    {
        var left = unfilled.Select(v => $"{ViewData}{v.Schema} {v.Name}").ToHashSet(StringComparer.Ordinal);
        return lines.Where(l =>
            l.Split(' ', 4) is [_, _, _, var what]
            && !IsUserMapping(what)
            && !what.StartsWith("SUBSCRIPTION ", StringComparison.Ordinal)
            && !(what.StartsWith(ViewData, StringComparison.Ordinal) && Prefixes(what).Any(left.Contains))
        );
    }

    public static DumpList Parse(string text) => new(text);

    /// <summary>Asks pg_restore; the result tells why when there is no list.</summary>
    public static async Task<(DumpList? List, ProgramResult Result)> ReadAsync(
        ClientPrograms clients,
        string dump,
        CancellationToken cancellation
    )
    {
        var result = await new ChildProgram(clients.PgRestore, "--list", dump)
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        return (result.Succeeded ? new DumpList(result.Output) : null, result);
    }

    private static bool IsUserMapping(string what) => what.StartsWith("USER MAPPING ", StringComparison.Ordinal);

    private static bool IsOneOf(Entry entry, string start, IReadOnlySet<string> names) =>
        entry.What.StartsWith(start, StringComparison.Ordinal)
        && Prefixes(entry.What).Any(p => p.Length > start.Length && names.Contains(p[start.Length..]));

    /// <summary>The text up to each of its spaces: one of them ends where the name ends and the owner begins.</summary>
    private static IEnumerable<string> Prefixes(string what)
    {
        for (var at = what.IndexOf(' ', StringComparison.Ordinal); at >= 0; at = what.IndexOf(' ', at + 1))
        {
            yield return what[..at];
        }
    }

    /// <summary><c>218; 1259 16389 TABLE app t owner1</c>, or a line of the header, <c>;     dbname: seedtest</c>.</summary>
    private Entry? Read(string line)
    {
        if (line[0] != ';')
        {
            var parts = line.Split(' ', 4);
            return parts.Length == 4 ? new Entry(line, parts[3]) : null;
        }

        var text = line.TrimStart(';', ' ');
        var colon = text.IndexOf(": ", StringComparison.Ordinal);
        if (text.StartsWith("Archive created at ", StringComparison.Ordinal))
        {
            header["Archive created at"] = text["Archive created at ".Length..];
        }
        else if (colon > 0)
        {
            header[text[..colon]] = text[(colon + 2)..];
        }

        return null;
    }

    private sealed record Entry(string Line, string What)
    {
        /// <summary>Lines that begin like a relation's and are about something of it.</summary>
        public bool IsDetail =>
            What.StartsWith(TableData, StringComparison.Ordinal)
            || What.StartsWith("TABLE ATTACH ", StringComparison.Ordinal)
            || What.StartsWith(ViewData, StringComparison.Ordinal)
            || What.StartsWith("SEQUENCE SET ", StringComparison.Ordinal)
            || What.StartsWith("SEQUENCE OWNED BY ", StringComparison.Ordinal);
    }
}
