using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>Waits for others' locks outside the queue, tells who is waited for, and knows when the budget is used up.</summary>
internal sealed class LockWaiting(
    PostgresSession session,
    LockBudget budget,
    Action<Message> progress,
    TimeProvider time
)
{
    private readonly long start = time.GetTimestamp();
    private IReadOnlyList<Blocker> blockers = [];
    private IReadOnlyList<Blocker> met = [];

    /// <summary>Who was in the way of a try that only found out by trying what it locks; they are waited for from now on.</summary>
    public void Meet(IReadOnlyList<Blocker> found)
    {
        met = found;
        Tell(found);
    }

    /// <summary>Whether transactions at least this old hold one of the relations, or what was met. New ones are told about.</summary>
    public async Task<bool> IsBlockedAsync(
        IReadOnlyList<RelationName> relations,
        TimeSpan age,
        CancellationToken cancellation
    )
    {
        var all = relations.Concat(met.Select(b => b.Relation).OfType<RelationName>()).Distinct().ToList();
        if (all.Count == 0)
        {
            return false;
        }

        var found = await BlockerSearch.FindAsync(session, all, cancellation).ConfigureAwait(false);
        var old = found
            .Where(b => b.Age >= age && (relations.Contains(b.Relation!) || met.Any(m => m.ProcessId == b.ProcessId)))
            .ToList();
        Tell(old);
        return old.Count > 0;
    }

    private void Tell(IReadOnlyList<Blocker> found)
    {
        var known = blockers.Select(b => b.ProcessId).ToHashSet();
        foreach (var blocker in found.Where(b => !known.Contains(b.ProcessId)))
        {
            progress(blocker.Text);
        }

        blockers = found.Count > 0 ? found : blockers;
    }

    /// <summary>Whether the budget is used up. What was built meanwhile waited for nobody.</summary>
    public bool IsOver(int tries, TimeSpan building) =>
        tries >= budget.Tries || time.GetElapsedTime(start) - building >= budget.Total;

    public MigrationOutcome.LockNotGranted NotGranted(int tries) =>
        new(
            tries,
            blockers,
            blockers.Count == 0
                ? Message.Of("migrations.lock-not-granted", ("tries", tries), ("waited", time.GetElapsedTime(start)))
                : Message.Of(
                    "migrations.lock-not-granted-for",
                    ("tries", tries),
                    ("waited", time.GetElapsedTime(start)),
                    ("blockers", string.Join("; ", blockers.Select(b => $"{b.ProcessId} {b.User} {b.Application}")))
                )
        );

    /// <summary>Between 50 and 150 ms, so that two waiters do not keep step.</summary>
    public Task PauseAsync(CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromMilliseconds(50 + (100 * Random.Shared.NextDouble())), time, cancellation);
}
