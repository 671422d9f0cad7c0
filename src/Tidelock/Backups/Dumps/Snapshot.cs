using Tidelock.Postgres;

namespace Tidelock.Backups.Dumps;

/// <summary>A snapshot that pg_dump shares with the session that exported it, as long as the session's transaction is open.</summary>
/// <param name="Name">For <c>pg_dump --snapshot</c>.</param>
/// <param name="WalPosition">Where the log was.</param>
/// <param name="At">By the server's clock.</param>
/// <param name="Transactions"><c>pg_current_snapshot</c>: which transactions it sees.</param>
internal sealed record Snapshot(string Name, string WalPosition, DateTimeOffset At, string Transactions)
{
    public static async Task<Snapshot> ExportAsync(PostgresSession session, CancellationToken cancellation) =>
        (
            await session
                .QueryAsync(
                    """
                    select pg_export_snapshot(), clock_timestamp(),
                           (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)::text,
                           pg_current_snapshot()::text
                    """,
                    r => new Snapshot(
                        r.GetString(0),
                        r.GetString(2),
                        r.GetFieldValue<DateTimeOffset>(1),
                        r.GetString(3)
                    ),
                    cancellation
                )
                .ConfigureAwait(false)
        )[0];

    public static async Task<DateTimeOffset> ClockAsync(PostgresSession session, CancellationToken cancellation) =>
        (
            await session
                .QueryAsync("select clock_timestamp()", r => r.GetFieldValue<DateTimeOffset>(0), cancellation)
                .ConfigureAwait(false)
        )[0];
}
