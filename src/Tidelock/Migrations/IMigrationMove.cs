using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// One direction of a migration, there or back. Every method may be called once per try, so none may rely on having been called once;
/// PostgreSQL's errors are thrown as they are and judged by <see cref="MigrationTransaction"/>.
/// </summary>
public interface IMigrationMove
{
    /// <summary>
    /// Looks before the transaction begins, taking no lock that a reader would wait for: what will be locked, or why it must not be done.
    /// </summary>
    Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation);

    /// <summary>
    /// Does what is long and needs no lock on what is there, in the transaction that <see cref="ApplyAsync"/> goes on with. Called once
    /// per transaction.
    /// </summary>
    /// <returns>
    /// Whether something was built that is worth keeping: then a try whose locks are not granted goes back to here and not to the
    /// beginning, and <see cref="ApplyAsync"/> may be called again in the same transaction.
    /// </returns>
    Task<bool> BuildAsync(OpenTry open, CancellationToken cancellation) => Task.FromResult(false);

    /// <summary>The longest it may hold its locks; null where only the limit of every statement counts.</summary>
    TimeSpan? Held => null;

    /// <summary>Whether readers had to wait while materialized views were filled, in the last try; null when not.</summary>
    FilledUnderLock? UnderLock => null;

    /// <summary>
    /// Whether what <see cref="ApplyAsync"/> returned last is no refusal but why it must be tried once more from the beginning, in another
    /// way. A move sees to it itself that this ends.
    /// </summary>
    bool MustBeRepeated => false;

    /// <summary>Takes the locks and makes the change. What it returns is a refusal: the transaction is rolled back.</summary>
    Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation);

    /// <summary>What a PostgreSQL error of this move means to its author.</summary>
    /// <param name="error">What PostgreSQL said.</param>
    /// <param name="about">What the failing statement was for; null where no statement of the move was running.</param>
    Message Explain(PostgresException error, object? about);
}

/// <summary>What a move found out before its transaction.</summary>
/// <param name="Locks">The relations it will lock exclusively.</param>
/// <param name="Ended">Why it must not or cannot be done; null when it may.</param>
public sealed record MovePreparation(IReadOnlyList<RelationName> Locks, MigrationOutcome? Ended)
{
    /// <summary>What else it will lock is only found out by trying: each try is watched.</summary>
    internal bool LocksUnknown { get; init; }

    internal static MovePreparation Refuse(Message refusal) => new([], new MigrationOutcome.Refused(refusal));
}
