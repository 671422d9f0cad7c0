using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Sees to it that nobody queues behind a dump. pg_dump holds ACCESS SHARE on every table to its end: somebody else's ALTER TABLE waits for
/// that, and every reader of the table queues behind the ALTER TABLE. So the dump is ended once somebody has waited for it too long.
/// </summary>
/// <param name="session">A connection of its own.</param>
/// <param name="backends">The dump's.</param>
/// <param name="patience">How long somebody may wait for the dump.</param>
/// <param name="limit">How long the dump waits for one lock.</param>
/// <param name="time">The clock.</param>
internal sealed class DumpWatch(
    PostgresSession session,
    DumpBackends backends,
    TimeSpan patience,
    TimeSpan limit,
    TimeProvider time
)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    /// <summary>Of the limit.</summary>
    private const double AboutToGiveUp = 0.8;

    private readonly Sight locked = new(time);
    private readonly Sight waiting = new(time);

    /// <summary>Who was seen waiting for the dump just now; null for nobody.</summary>
    public Message? Waiting => waiting.Recent;

    /// <summary>Whom the dump was seen waiting for just now, so long that it was about to be given up; null for nobody.</summary>
    public Message? Locked => locked.Recent;

    /// <summary>Watches until <paramref name="running"/> ends; true when it ended the dump itself.</summary>
    public async Task<bool> WatchAsync(Task running, CancellationToken cancellation)
    {
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(Pace, time, cancellation)).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (!running.IsCompleted && await MustEndAsync(cancellation).ConfigureAwait(false))
            {
                await backends.EndAsync(session, cancellation).ConfigureAwait(false);
                return true;
            }
        }

        return false;
    }

    private async Task<bool> MustEndAsync(CancellationToken cancellation)
    {
        var waits = await session
            .QueryAsync(
                SqlText.Beside<DumpWatch>("DumpWatch"),
                r => new Wait(
                    r.GetInt32(0),
                    r.GetString(1),
                    TimeSpan.FromSeconds(r.GetDouble(2)),
                    r.GetBoolean(3),
                    r.GetFieldValue<int[]>(4)
                ),
                cancellation,
                new NpgsqlParameter { Value = backends.Counting },
                new NpgsqlParameter { Value = backends.Dumping }
            )
            .ConfigureAwait(false);
        if (waits.FirstOrDefault(w => w.IsOurs) is { } ours && ours.For >= limit * AboutToGiveUp)
        {
            locked.See(await TellAsync("backups.blocked", ours, ours.Blockers, cancellation).ConfigureAwait(false));
        }

        if (waits.FirstOrDefault(w => !w.IsOurs) is not { } theirs)
        {
            return false;
        }

        waiting.See(
            await TellAsync("backups.yield.to", theirs, [theirs.ProcessId], cancellation).ConfigureAwait(false)
        );
        return theirs.For >= patience;
    }

    private async Task<Message> TellAsync(string code, Wait wait, int[] who, CancellationToken cancellation)
    {
        var found = await BlockerSearch.OfAsync(session, null, who, cancellation).ConfigureAwait(false);
        var names = found.Select(b =>
            Message.Of(
                "backups.yield.who",
                ("pid", b.ProcessId),
                ("name", b.Application.Length > 0 ? b.Application : b.User),
                ("query", b.Query)
            )
        );
        var all = names.ToList();
        return Message.Of(
            code,
            ("relation", wait.Relation),
            ("waited", wait.For),
            ("who", all.Count > 0 ? Several.Of(all) : "?")
        );
    }

    /// <param name="ProcessId">Who waits.</param>
    /// <param name="Relation">For which relation.</param>
    /// <param name="For">How long by now.</param>
    /// <param name="IsOurs">Whether the dump waits for others, and not the other way round.</param>
    /// <param name="Blockers">For whom.</param>
    private sealed record Wait(int ProcessId, string Relation, TimeSpan For, bool IsOurs, int[] Blockers);

    /// <summary>What was seen last, for as long as it may be why something ended that ended just now.</summary>
    private sealed class Sight(TimeProvider time)
    {
        private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);

        private Message? seen;
        private long at;

        public Message? Recent => seen is not null && time.GetElapsedTime(at) < Memory ? seen : null;

        public void See(Message what) => (seen, at) = (what, time.GetTimestamp());
    }
}
