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

    /// <summary>Whether transactions at least this old hold one of the relations. New ones are told about.</summary>
    public async Task<bool> IsBlockedAsync(
        IReadOnlyList<RelationName> relations,
        TimeSpan age,
        CancellationToken cancellation
    )
    {
        if (relations.Count == 0)
        {
            return false;
        }

        var found = await BlockerSearch.FindAsync(session, relations, cancellation).ConfigureAwait(false);
        var old = found.Where(b => b.Age >= age).ToList();
        var known = blockers.Select(b => b.ProcessId).ToHashSet();
        foreach (var blocker in old.Where(b => !known.Contains(b.ProcessId)))
        {
            progress(blocker.Text);
        }

        blockers = old.Count > 0 ? old : blockers;
        return old.Count > 0;
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
