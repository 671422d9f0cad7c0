using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>Section <c>migration:</c>: how the change is made. One of its kinds.</summary>
/// <param name="Locks">How long to wait for locks.</param>
/// <param name="Down">The way back by hand; null when the author wrote none.</param>
public abstract record Migration(LockBudget Locks, ChangeFile? Down)
{
    /// <summary>The relation whose closure is captured before; null where the migration does not say.</summary>
    public abstract RelationName? Relation { get; }

    /// <summary>What the author knows a CASCADE takes along for good.</summary>
    public IReadOnlyList<string> Drops { get; init; } = [];

    /// <summary>How the change is made, for people, in one line.</summary>
    public abstract Message Text { get; }

    /// <summary>There.</summary>
    /// <param name="before">The closure of <see cref="Relation"/> as the run's baseline has it; null where there was no such relation.</param>
    public abstract IMigrationMove Forward(RelationClosure? before);

    /// <summary>Back by the migration's own means; null when it has none.</summary>
    public virtual IMigrationMove? Backward() => Down is null ? null : new SqlMove(Down);

    /// <summary>Whether it is no single transaction, so that a part of it may be in place when it stops.</summary>
    public virtual bool MayStopHalfway => false;

    /// <summary>Whether the method <c>downgrade</c> is to be had.</summary>
    public virtual bool GoesBack => Down is not null;

    /// <summary>Whether the author named it. What is on a relation goes with it, but is named itself where the relation is made again.</summary>
    internal bool MayDrop(PresentObject thing) => Drops.Any(d => d == $"{thing}" || IsCalled(thing.Identity, d));

    /// <summary>Whether the author named a dependent that is gone, with all that was about it.</summary>
    /// <param name="difference">What is other than before.</param>
    /// <param name="relation">The contract's, which must stay.</param>
    internal bool MayDrop(ClosureDifference difference, RelationName relation) =>
        Drops.Any(d =>
            (difference.Relation != relation && IsCalled($"{difference.Relation}", d))
            || (difference is { Part: ClosurePart.Object, After: null } && IsNamed(difference.What, d))
        );

    /// <summary>The line of the change file that also lets these go: <c>drops: [public.best]</c>.</summary>
    internal string DropsLine(IEnumerable<PresentObject> more) =>
        $"drops: [{string.Join(", ", Drops.Concat(more.Select(o => IsPlain(o.Identity) ? o.Identity : $"{o}")).Select(Quoted))}]";

    private static bool IsCalled(string identity, string drop) => drop == identity || $"public.{drop}" == identity;

    private static bool IsNamed(string what, string name) =>
        what == name || what.EndsWith($" {name}", StringComparison.Ordinal);

    private static string Quoted(string name) =>
        IsPlain(name) ? name : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";

    private static bool IsPlain(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.');
}

/// <summary>A view gets a new definition; Tidelock works out the statements.</summary>
/// <param name="Name">The view.</param>
/// <param name="Definition">The new SELECT, without a trailing semicolon.</param>
/// <param name="Dependents">What happens to what depends on the view.</param>
/// <param name="Locks">How long to wait for locks.</param>
/// <param name="Down">A way back by hand; null when the author wrote none. The method <c>definition</c> needs none.</param>
public sealed record ViewMigration(
    RelationName Name,
    ChangeFile Definition,
    DependentsPolicy Dependents,
    LockBudget Locks,
    ChangeFile? Down = null
) : Migration(Locks, Down)
{
    public override RelationName Relation => Name;

    public override Message Text =>
        Message.Of(
            "migrations.view.text",
            ("view", Name),
            ("file", Definition.Path),
            ("dependents", Dependents.ToString().ToLowerInvariant())
        );

    public override IMigrationMove Forward(RelationClosure? before) => new ViewForward(this, before);

    /// <summary>Whether a view's definition is what PostgreSQL makes of this one in the end.</summary>
    /// <param name="session">Open, idle, and used for nothing else: its search_path becomes the author's.</param>
    /// <param name="there">The definition that is there.</param>
    /// <param name="cancellation">Ends the question.</param>
    internal async Task<bool> IsDefinedAsync(PostgresSession session, string there, CancellationToken cancellation)
    {
        await session
            .ExecuteAsync($"set search_path to {CandidateColumns.SchemasOf(Name.Schema)}", cancellation)
            .ConfigureAwait(false);
        return await FixPoint
            .IsSameAsync(session, Name.Schema, Definition.Text, there, cancellation)
            .ConfigureAwait(false);
    }
}

/// <summary>SQL written by hand, run in one transaction.</summary>
/// <param name="Up">There.</param>
/// <param name="Down">And back; null when the author wrote none, so that the method <c>downgrade</c> is not to be had.</param>
/// <param name="Locks">How long to wait for locks.</param>
public sealed record SqlMigration(ChangeFile Up, ChangeFile? Down, LockBudget Locks) : Migration(Locks, Down)
{
    public override RelationName? Relation => null;

    public override Message Text => Message.Of("migrations.sql.text", ("up", Up.Path), ("down", Down?.Path ?? "–"));

    public override IMigrationMove Forward(RelationClosure? before) => new SqlMove(Up) { Held = Locks.Held };
}

/// <summary>What happens to the views that depend on a view that must be dropped.</summary>
public enum DependentsPolicy
{
    /// <summary>They are re-created exactly as they were, in the same transaction.</summary>
    Preserve,

    /// <summary>The change is refused when there are any.</summary>
    Refuse,
}

/// <summary>How long to wait for a lock, how often, and in total.</summary>
/// <param name="Try">The longest one try may wait for all its locks: readers queue behind it meanwhile.</param>
/// <param name="Total">From the first try to the last.</param>
/// <param name="Tries">At most this many.</param>
public sealed record LockBudget(TimeSpan Try, TimeSpan Total, int Tries)
{
    /// <summary>What is done about who holds the locks.</summary>
    public BlockerPolicy Blockers { get; init; } = BlockerPolicy.Wait;

    /// <summary>The longest the locks may be held once they are granted, on the way there; null where the change does not say.</summary>
    public TimeSpan? Held { get; init; }

    public static LockBudget Default { get; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(60), 200);
}
