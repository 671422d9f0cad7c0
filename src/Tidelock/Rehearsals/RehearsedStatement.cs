using System.Text.RegularExpressions;
using Tidelock.Postgres;

namespace Tidelock.Rehearsals;

/// <summary>A DDL command as it was done in the rehearsal.</summary>
/// <param name="Command">PostgreSQL's tag: <c>CREATE VIEW</c>.</param>
/// <param name="Objects">What it made, changed or was told to drop.</param>
/// <param name="Sql">The text that the client sent; of a command in a block or file it is the whole of it.</param>
/// <param name="TakenAlong">What went with it by CASCADE, with its kind: <c>view public.daily_accuracy</c>.</param>
/// <param name="Locks">Which locks on relations that were there before it added to those of its transaction; a plain read's are left out.</param>
public sealed record RehearsedStatement(
    string Command,
    IReadOnlyList<string> Objects,
    string Sql,
    IReadOnlyList<string> TakenAlong,
    IReadOnlyList<TakenLock> Locks
)
{
    /// <summary>Its own text where it was sent alone, else what it did to what.</summary>
    public string Text =>
        Sql.StartsWith(Command.Split(' ')[0], StringComparison.OrdinalIgnoreCase)
        && !Sql.Contains(';', StringComparison.Ordinal)
            ? Sql
            : $"{Command} {string.Join(", ", Objects)}".TrimEnd();
}

/// <summary>A lock on a relation.</summary>
/// <param name="Mode">As in PostgreSQL's documentation: <c>ACCESS EXCLUSIVE</c>.</param>
/// <param name="Relation">The relation that was there before.</param>
public sealed partial record TakenLock(string Mode, RelationName Relation)
{
    public const string AccessExclusive = "ACCESS EXCLUSIVE";

    /// <summary>Of <c>pg_locks</c>' mode, schema and name, with tabs between.</summary>
    internal static TakenLock Parse(string text)
    {
        var parts = text.Split('\t', 3);
        return Of(parts[0], new RelationName(parts[1], parts[2]));
    }

    /// <param name="mode">As in <c>pg_locks</c>: <c>AccessExclusiveLock</c>.</param>
    /// <param name="relation">What is locked.</param>
    internal static TakenLock Of(string mode, RelationName relation) =>
        new(Words().Replace(mode[..^"Lock".Length], " ").ToUpperInvariant(), relation);

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])", RegexOptions.None, 1000)]
    private static partial Regex Words();
}
