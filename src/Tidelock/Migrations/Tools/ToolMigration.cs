using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations.Tools;

/// <summary>A migration that another program makes.</summary>
/// <param name="Tool">The program.</param>
/// <param name="Folder">Its project, from the change's folder.</param>
/// <param name="Locks">How long it may wait for locks.</param>
public abstract record ToolMigration(IMigrationTool Tool, string Folder, LockBudget Locks) : Migration(Locks, null)
{
    public override RelationName? Relation => null;

    /// <summary>
    /// Where the tool keeps its record, as patterns for pg_dump: its rows are copied for a rehearsal. Empty for a tool that marks a copy.
    /// </summary>
    public virtual IReadOnlyList<string> Records => [];

    /// <summary>Whether a table is the tool's own record: what stands in it need not be what it was, once the tool has gone there and back.</summary>
    public virtual bool IsRecord(RelationName table) =>
        Records.Contains(table.Sql, StringComparer.Ordinal)
        || Records.Contains(Identifiers.Quote(table.Schema) + ".*", StringComparer.Ordinal);

    public override bool GoesBack => true;

    public override bool MayStopHalfway => true;

    public override Message Text => Message.Of("migrations.tool.text", ("tool", Tool.Name), ("folder", Folder));

    /// <summary>Why the tool must not start; null when it may.</summary>
    public Message? Refusal(ToolStanding standing) =>
        standing.Refusal
        ?? (
            standing.Revision == standing.Wanted
                ? Message.Of("migrations.tool.already", ("tool", Tool.Name), ("at", standing.Wanted))
                : Tool.Refusal(standing.Path)
        );

    /// <summary>There is no move of ours to make: the program makes its own.</summary>
    public override IMigrationMove Forward(RelationClosure? before) =>
        new NoMove(Message.Of("migrations.tool.only-by-itself", ("tool", Tool.Name)));
}
