using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// One direction of a migration, there or back. Both methods may be called once per try, so neither may remember that it was called;
/// PostgreSQL's errors are thrown as they are and judged by <see cref="MigrationTransaction"/>.
/// </summary>
public interface IMigrationMove
{
    /// <summary>
    /// Looks before the transaction begins, taking no lock that a reader would wait for: what will be locked, or why it must not be done.
    /// </summary>
    Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation);

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
    internal static MovePreparation Refuse(Message refusal) => new([], new MigrationOutcome.Refused(refusal));
}
