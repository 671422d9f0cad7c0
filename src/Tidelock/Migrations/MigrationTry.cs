namespace Tidelock.Migrations;

/// <summary>
/// One try of a migration, named before it takes a lock. Journaled, so that whoever comes after a crash can ask the database what became
/// of it.
/// </summary>
/// <param name="Number">From 1.</param>
/// <param name="TransactionId"><c>pg_current_xact_id()</c> as text.</param>
/// <param name="SystemIdentifier">Of the server whose transaction it is.</param>
/// <param name="Timeline">And of its timeline: on another one the id says nothing.</param>
/// <param name="IsDurable">Whether the id was in the server's log before a lock was taken: else a crash may give it to a stranger.</param>
public sealed record MigrationTry(
    int Number,
    string TransactionId,
    string SystemIdentifier,
    int Timeline,
    bool IsDurable = false
);
