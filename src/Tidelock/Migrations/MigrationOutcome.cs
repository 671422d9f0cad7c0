using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>How a migration, or the way back of one, came out.</summary>
/// <param name="Finding">For people.</param>
public abstract record MigrationOutcome(Message Finding)
{
    /// <summary>Committed, and the server says so.</summary>
    /// <param name="TransactionId">The transaction that did it.</param>
    /// <param name="Tries">How many it took.</param>
    /// <param name="LongestLockWait">The longest that one try waited for its locks: readers queued that long at most.</param>
    /// <param name="Took">From the first try to the commit.</param>
    /// <param name="Finding">For people.</param>
    public sealed record Applied(
        string TransactionId,
        int Tries,
        TimeSpan LongestLockWait,
        TimeSpan Took,
        Message Finding
    ) : MigrationOutcome(Finding)
    {
        /// <summary>Whether readers had to wait while materialized views were filled; null when not.</summary>
        public FilledUnderLock? UnderLock { get; init; }
    }

    /// <summary>The locks were not to be had within the budget. Nothing was changed.</summary>
    /// <param name="Tries">How many tries were made.</param>
    /// <param name="Blockers">Who held them.</param>
    /// <param name="Finding">For people.</param>
    public sealed record LockNotGranted(int Tries, IReadOnlyList<Blocker> Blockers, Message Finding)
        : MigrationOutcome(Finding);

    /// <summary>It would do what it must not: lose something, or change what somebody else changed meanwhile. Nothing was changed.</summary>
    public sealed record Refused(Message Finding) : MigrationOutcome(Finding);

    /// <summary>PostgreSQL refused a statement. Nothing was changed.</summary>
    /// <param name="SqlState">PostgreSQL's code.</param>
    /// <param name="Finding">What it said, and where in the author's file.</param>
    public sealed record Failed(string SqlState, Message Finding) : MigrationOutcome(Finding);

    /// <summary>A tool stopped between two of its revisions, or a file between two of its statements. What was done stays until the way back is taken.</summary>
    public sealed record Halfway(Message Finding) : MigrationOutcome(Finding);

    /// <summary>The connection was lost after the transaction had begun: only the server knows. Ask <see cref="TransactionFate"/>.</summary>
    /// <param name="TransactionId">What to ask for.</param>
    /// <param name="Finding">For people.</param>
    public sealed record Unknown(string TransactionId, Message Finding) : MigrationOutcome(Finding)
    {
        /// <summary>Whether no server can be asked, and a part of it is to be taken for being in place.</summary>
        public bool InPart { get; init; }
    }
}
