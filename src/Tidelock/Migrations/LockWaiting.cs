using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>Waits for others' locks outside the queue, tells who is waited for, and knows when the budget is used up.</summary>
internal sealed class LockWaiting(LockBudget budget, Action<Message> progress, TimeProvider time)
{
    private static readonly TimeSpan LongTransaction = TimeSpan.FromMilliseconds(200);

    private readonly AutovacuumPatience patience = new(progress);
    private readonly long start = time.GetTimestamp();
    private IReadOnlyList<Blocker> blockers = [];
    private IReadOnlyList<Blocker> met = [];

    /// <summary>Who was in the way at the last look.</summary>
    public IReadOnlyList<Blocker> Present { get; private set; } = [];

    /// <summary>A transaction this old is waited for before a try is made: the try would only make readers queue.</summary>
    public TimeSpan LongAge => budget.Try * 4 > LongTransaction ? budget.Try * 4 : LongTransaction;

    /// <summary>Whether they were autovacuum workers that give way, and nobody else held the same for as long.</summary>
    private bool IsAutovacuum { get; set; }

    /// <summary>Who was in the way of a try that only found out by trying what it locks; they are waited for from now on.</summary>
    public void Meet(IReadOnlyList<Blocker> found)
    {
        Present = met = found;
        blockers = Tell(found, blockers, progress);
    }

    /// <summary>Whether transactions at least this old hold one of the relations, or what was met. New ones are told about.</summary>
    public async Task<bool> IsBlockedAsync(
        PostgresSession session,
        IReadOnlyList<RelationName> relations,
        TimeSpan age,
        CancellationToken cancellation
    )
    {
        var all = relations.Concat(met.Select(b => b.Relation).OfType<RelationName>()).Distinct().ToList();
        var others = met.Where(b => b.Relation is null).ToList();
        IReadOnlyList<Blocker> found =
        [
            .. all.Count == 0 ? [] : await BlockerSearch.FindAsync(session, all, cancellation).ConfigureAwait(false),
            .. others.Count == 0
                ? []
                : await BlockerSearch.StillAsync(session, others, cancellation).ConfigureAwait(false),
        ];
        var old = found.Where(b => b.Age >= age && IsInTheWay(b, relations)).ToList();
        Present = old;
        IsAutovacuum = old.Count > 0 && found.Where(b => b.Age >= age).All(b => b.GivesWay);
        blockers = Tell(old, blockers, progress);
        return old.Count > 0;
    }

    private bool IsInTheWay(Blocker blocker, IReadOnlyList<RelationName> relations) =>
        (blocker.Relation is { } relation && relations.Contains(relation)) || met.Any(blocker.IsSame);

    /// <summary>How long a try may wait where autovacuum alone was in the way at the last look; null where it would be in vain.</summary>
    public async Task<TimeSpan?> LongTryAsync(PostgresSession session, CancellationToken cancellation) =>
        IsAutovacuum ? await patience.LongTryAsync(session, Present, cancellation).ConfigureAwait(false) : null;

    /// <summary>Waits, after a try that found out what it locks, until nobody who was met there has been in the way for long.</summary>
    /// <returns>How long the next try may wait; null where the budget is used up.</returns>
    public async Task<TimeSpan?> NextTryAsync(
        PostgresSession session,
        BlockerActing acting,
        int tries,
        CancellationToken cancellation
    )
    {
        while (!IsOver(tries, TimeSpan.Zero))
        {
            await acting.OnAsync(Present, cancellation).ConfigureAwait(false);
            await PauseAsync(cancellation).ConfigureAwait(false);
            if (!await IsBlockedAsync(session, [], LongAge, cancellation).ConfigureAwait(false))
            {
                return budget.Try;
            }

            if (await LongTryAsync(session, cancellation).ConfigureAwait(false) is { } longer)
            {
                return longer;
            }
        }

        return null;
    }

    /// <summary>Tells about those that were not known yet.</summary>
    /// <returns>Who is known now: where nobody was found, still those of before.</returns>
    public static IReadOnlyList<Blocker> Tell(
        IReadOnlyList<Blocker> found,
        IReadOnlyList<Blocker> known,
        Action<Message> progress
    )
    {
        var told = known.Select(b => b.ProcessId).ToHashSet();
        foreach (var blocker in found.Where(b => !told.Contains(b.ProcessId)))
        {
            progress(blocker.Text);
        }

        return found.Count > 0 ? found : known;
    }

    /// <summary>Whether the budget is used up. What was built meanwhile waited for nobody.</summary>
    public bool IsOver(int tries, TimeSpan building) =>
        tries >= budget.Tries || time.GetElapsedTime(start) - building >= budget.Total;

    public MigrationOutcome.LockNotGranted NotGranted(int tries)
    {
        var waited = time.GetElapsedTime(start);
        return new(
            tries,
            blockers,
            blockers.Count == 0
                ? Message.Of("migrations.lock-not-granted", ("tries", tries), ("waited", waited))
                : Message.Of(
                    "migrations.lock-not-granted-for",
                    ("tries", tries),
                    ("waited", waited),
                    ("blockers", string.Join("; ", blockers.Select(b => $"{b.ProcessId} {b.User} {b.Application}")))
                )
        );
    }

    /// <summary>Between 50 and 150 ms, so that two waiters do not keep step.</summary>
    public Task PauseAsync(CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromMilliseconds(50 + (100 * Random.Shared.NextDouble())), time, cancellation);
}
