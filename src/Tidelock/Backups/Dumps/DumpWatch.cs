using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Dumps;

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
    private readonly Stalls stalls = new(time);

    /// <summary>Who was seen waiting for the dump just now; null for nobody.</summary>
    public Message? Waiting => waiting.Recent;

    /// <summary>Whom the dump was seen waiting for just now, so long that it was about to be given up; null for nobody.</summary>
    public Message? Locked => locked.Recent;

    /// <summary>Watches until <paramref name="running"/> ends; returns for whom it ended the dump itself, null for nobody.</summary>
    public async Task<Message?> WatchAsync(Task running, CancellationToken cancellation)
    {
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(Pace, time, cancellation)).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            if (!running.IsCompleted && await LookAsync(session, cancellation).ConfigureAwait(false) is { } whom)
            {
                // The count that it ends fails and cancels all, and whom it was for must be told all the same.
                await backends.EndAsync(session, CancellationToken.None).ConfigureAwait(false);
                return whom;
            }
        }

        return null;
    }

    /// <summary>Looks once; returns for whom the dump must be ended, null for nobody.</summary>
    public async Task<Message?> LookAsync(PostgresSession looking, CancellationToken cancellation)
    {
        var waits = await looking
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
            locked.See(
                await TellAsync(looking, "backups.blocked", ours, ours.Blockers, cancellation).ConfigureAwait(false)
            );
        }

        var theirs = waits.FirstOrDefault(w => !w.IsOurs);
        var inAll = stalls.See(theirs is not null);
        if (theirs is null)
        {
            return null;
        }

        var waited = theirs.For > inAll ? theirs.For : inAll;
        var whom = await TellAsync(
                looking,
                "backups.yield.to",
                theirs with
                {
                    For = waited,
                },
                [theirs.ProcessId],
                cancellation
            )
            .ConfigureAwait(false);
        waiting.See(whom);
        return waited >= patience ? whom : null;
    }

    private static async Task<Message> TellAsync(
        PostgresSession session,
        string code,
        Wait wait,
        int[] who,
        CancellationToken cancellation
    )
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

    /// <summary>
    /// How long anybody waited in the last half minute: whoever gives up and tries again, as a tool with a lock time-out does, stalls readers each time.
    /// </summary>
    private sealed class Stalls(TimeProvider time)
    {
        private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

        private readonly Queue<(long At, TimeSpan For)> seen = new();
        private long last = time.GetTimestamp();

        public TimeSpan See(bool isAnybodyWaiting)
        {
            var now = time.GetTimestamp();
            if (isAnybodyWaiting)
            {
                seen.Enqueue((now, time.GetElapsedTime(last, now)));
            }

            last = now;
            while (seen.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At, now) > Window)
            {
                seen.Dequeue();
            }

            return seen.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.For);
        }
    }
}
