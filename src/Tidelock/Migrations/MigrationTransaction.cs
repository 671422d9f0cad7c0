using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Carries a move out exactly once and within the lock budget. Every transaction's id is handed to the caller before it takes a lock, and
/// waiting between tries happens outside any lock. A try is one transaction; a move that built something first tries again within it,
/// back at a savepoint where no lock on what is there is held.
/// </summary>
public sealed class MigrationTransaction(TimeProvider time)
{
    /// <summary>Runs tries until one is decided or the budget is used up.</summary>
    /// <param name="session">Open, idle, of the epoch that has the run. Of no use any more after <see cref="MigrationOutcome.Unknown"/>.</param>
    /// <param name="move">There, or back.</param>
    /// <param name="budget">How long to wait for locks.</param>
    /// <param name="intent">Stores the try; no lock is taken before it returns. What it throws ends the migration with nothing changed.</param>
    /// <param name="deed">Stores what is done about a session in the way, before and after; null: nothing is done, whatever the budget says.</param>
    /// <param name="progress">Told who is waited for.</param>
    /// <param name="cancellation">Ends the migration unless it is committing.</param>
    /// <exception cref="TidelockException">The connection was lost before a transaction had begun.</exception>
    public async Task<MigrationOutcome> RunAsync(
        PostgresSession session,
        IMigrationMove move,
        LockBudget budget,
        Func<MigrationTry, CancellationToken, Task> intent,
        Func<BlockerDeed, CancellationToken, Task>? deed,
        Action<Message> progress,
        CancellationToken cancellation
    )
    {
        await using var work = new MigrationTries(session, move, budget, intent, time);
        await using var acting = new BlockerActing(
            session.Target,
            session.ApplicationName,
            budget.Blockers,
            deed,
            progress,
            time
        );
        var waiting = new LockWaiting(budget, progress, time);
        while (true)
        {
            var locks = await work.PrepareAsync(cancellation).ConfigureAwait(false);
            if (work.Outcome is null && locks is not null && await LimitAsync(locks).ConfigureAwait(false) is { } limit)
            {
                await work.TryAsync(limit, cancellation).ConfigureAwait(false);
                if (work is { Outcome: null, MustBeRepeated: true })
                {
                    continue;
                }

                if (work.Outcome is null)
                {
                    waiting.Meet(work.Blockers);
                    await waiting.IsBlockedAsync(session, locks, TimeSpan.Zero, cancellation).ConfigureAwait(false);
                }
            }

            if (work.Outcome is not null)
            {
                return work.Outcome;
            }

            if (waiting.IsOver(work.Tries, work.Building))
            {
                return waiting.NotGranted(work.Tries);
            }

            await acting.OnAsync(waiting.Present, cancellation).ConfigureAwait(false);
            await waiting.PauseAsync(cancellation).ConfigureAwait(false);
        }

        // How long a try may wait now; null where it would only make readers queue.
        async Task<TimeSpan?> LimitAsync(IReadOnlyList<RelationName> locks)
        {
            if (!await waiting.IsBlockedAsync(session, locks, waiting.LongAge, cancellation).ConfigureAwait(false))
            {
                return budget.Try;
            }

            // A view that locks more than itself is still a view: readers of it never wait for longer than one try.
            return work.LocksUnknown && locks.Count == 0
                ? await waiting.LongTryAsync(session, cancellation).ConfigureAwait(false)
                : null;
        }
    }

    /// <summary>Another try may do better: the lock was not granted in time, or readers and the try waited for each other.</summary>
    internal static bool MayBeRepeated(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected;
}
