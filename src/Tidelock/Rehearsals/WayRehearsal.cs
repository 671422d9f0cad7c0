using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>How the way there and back went on an empty copy of the target's schema, or where that cannot be had on the target itself.</summary>
/// <param name="Method">The way back that was taken: <c>definition</c>, <c>downgrade</c>; <c>backup</c> and <c>in-place</c> are only taken with data.</param>
/// <param name="Relation">The relation of the change; null where it names none.</param>
public sealed record WayRehearsal(string Method, RelationName? Relation)
{
    /// <summary>Whether the way back is a restore of the backup.</summary>
    internal bool IsByRestore => RollbackOptions.Restores(Method);

    /// <summary>Why the way back is not proven; null when it is.</summary>
    public Message? Problem { get; init; }

    /// <summary>Whether it is the machine's fault: it cannot hold a copy of the schema.</summary>
    public bool NoCopy { get; init; }

    /// <summary>Set where it was rehearsed on the target and rolled back: how long its locks were held there.</summary>
    public TimeSpan? HeldOnTarget { get; init; }

    /// <summary>What else should be known, such as a down file that does not lead back though another method is chosen.</summary>
    public IReadOnlyList<Message> Warnings { get; init; } = [];

    /// <summary>The way a tool would go; null where the change is made by no tool.</summary>
    internal ToolPath? Path { get; init; }

    /// <summary>What a tool would do, by its own account: its revisions and their SQL.</summary>
    public IReadOnlyList<Message> Account { get; init; } = [];

    /// <summary>The DDL of the way there, in order; empty where it did not get there.</summary>
    public IReadOnlyList<RehearsedStatement> Statements { get; init; } = [];

    /// <summary>The DDL of the way back, in order; empty where it was not taken or did not arrive.</summary>
    public IReadOnlyList<RehearsedStatement> BackStatements { get; init; } = [];

    /// <summary>How long the way there took, without data; null when it did not get there.</summary>
    public TimeSpan? ForwardTook { get; init; }

    /// <summary>How long the way back took, without data; null when it was not taken or did not arrive.</summary>
    public TimeSpan? BackTook { get; init; }

    /// <summary>What was there before; null for no such relation.</summary>
    public RelationClosure? Before { get; init; }

    /// <summary>What the change makes of it; null when it did not get there.</summary>
    public RelationClosure? After { get; init; }

    /// <summary>Whether the relation is dropped and created, so that its dependents are locked and re-created as well.</summary>
    public bool Recreates { get; init; }

    /// <summary>What the change drops and was not lost by a CASCADE, as the catalogs name it; null where no SQL of the author's ran on a copy.</summary>
    internal IReadOnlyList<string>? Dropped { get; init; }

    /// <summary>What the change makes, named likewise.</summary>
    internal IReadOnlyList<string>? Made { get; init; }

    /// <summary>In what the two differ.</summary>
    public IReadOnlyList<ClosureDifference> Differences { get; init; } = [];
}
