using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// An autovacuum worker gives way only to who has waited for it for <c>deadlock_timeout</c>, which no ordinary try does. Where such workers
/// alone are in the way of table DDL, one try may wait that long, and it is announced.
/// </summary>
internal sealed class AutovacuumPatience(Action<Message> progress)
{
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(500);

    /// <summary>Readers queue behind the long try: a server whose deadlock_timeout was raised is not waited for.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private bool isUsed;

    /// <summary>How long a try may wait for autovacuum workers; null where it would be in vain, or has been tried.</summary>
    /// <param name="session">Open, and what the try will run on.</param>
    /// <param name="blockers">Who is in the way: nobody else but workers that give way.</param>
    /// <param name="cancellation">Ends the question.</param>
    public async Task<TimeSpan?> LongTryAsync(
        PostgresSession session,
        IReadOnlyList<Blocker> blockers,
        CancellationToken cancellation
    )
    {
        if (isUsed)
        {
            return null;
        }

        isUsed = true;
        var milliseconds = await session
            .ScalarAsync<int>("select setting::int from pg_settings where name = 'deadlock_timeout'", cancellation)
            .ConfigureAwait(false);
        var timeout = TimeSpan.FromMilliseconds(milliseconds);
        var (next, isTooLong) = (timeout + Margin, timeout + Margin > Longest);
        progress(
            Message.Of(
                isTooLong ? "migrations.autovacuum.too-long" : "migrations.autovacuum.long-try",
                ("pids", string.Join(", ", blockers.Select(b => b.ProcessId).Distinct())),
                ("timeout", timeout),
                ("try", next)
            )
        );
        return isTooLong ? null : next;
    }
}
