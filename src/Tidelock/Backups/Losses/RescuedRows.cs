using System.Text.Json.Serialization;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Losses;

/// <summary>Rows that a restore would lose, or has replaced, saved into side tables. Journaled when all is saved.</summary>
/// <param name="Schema">Where the side tables are.</param>
/// <param name="Saved">Every table of which rows were saved.</param>
/// <param name="WithoutKey">Tables that have such rows and no primary key, so that nobody could tell which row is which: not saved.</param>
public sealed record RescuedRows(
    string Schema,
    IReadOnlyList<RescuedTable> Saved,
    IReadOnlyList<RescuedTable> WithoutKey
)
{
    /// <summary>What a rescue never saves and was written since the backup, or may have been: large objects, configuration tables of extensions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<RelationName>? Others { get; init; }

    /// <summary>The server's timeline and the database by its oid, where they were saved; null in journals of earlier versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RescuePlace? Place { get; init; }

    /// <summary>When the rollback began that they were saved for; null where nobody needs to know.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? RollbackAt { get; init; }
}

/// <summary>Where rows were saved: a standby that was promoted since has another timeline and may lack them, and another database has another oid.</summary>
public sealed record RescuePlace(int Timeline, uint DatabaseOid)
{
    internal static RescuePlace Of(ServerIdentity identity) => new(identity.Timeline, identity.DatabaseOid);
}

/// <summary>Rows of one table.</summary>
/// <param name="Table">Which.</param>
/// <param name="Rows">How many.</param>
/// <param name="Into">The side table's name; empty where there is none.</param>
public sealed record RescuedTable(RelationName Table, long Rows, string Into);

/// <summary>How a rescue ended.</summary>
/// <param name="Rows">What was saved; null where it was not finished.</param>
/// <param name="Problem">Why it was not; null where it was.</param>
public sealed record RescueResult(RescuedRows? Rows, Message? Problem);
