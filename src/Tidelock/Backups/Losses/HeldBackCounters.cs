using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Backups.Losses;

/// <summary>
/// Whether sessions hold back counters of what they have written. A session tells them between its transactions, after which it may rest for up to ten
/// seconds before it does; on PostgreSQL 14 it tells them with its next statement, however late that comes.
/// </summary>
internal static class HeldBackCounters
{
    private const int ToldWhenIdle = 15;

    /// <summary>What cannot be seen of a session may be writing. The run's own sessions, autovacuum and senders of the log are left out.</summary>
    private const string Sql = """
        select exists (
          select from pg_catalog.pg_stat_activity a
          where a.datid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
            and a.pid <> pg_catalog.pg_backend_pid() and not pg_catalog.starts_with(a.application_name, $1)
            and coalesce(a.backend_type, '') not in ('autovacuum worker', 'walsender')
            and ($2 or a.state is distinct from 'idle' or a.state_change is null
              or a.state_change > pg_catalog.clock_timestamp() - interval '11 seconds')
        ) or exists (select from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database())
        """;

    public static Task<bool> AreThereAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ScalarAsync<bool>(
            Sql,
            cancellation,
            new NpgsqlParameter { Value = OwnPrefix(session.ApplicationName) },
            new NpgsqlParameter { Value = session.Connection.PostgreSqlVersion.Major < ToldWhenIdle }
        );

    /// <summary><c>tidelock/RUN/</c> of <c>tidelock/RUN/EPOCH</c>.</summary>
    private static string OwnPrefix(string applicationName) =>
        applicationName[..(applicationName.LastIndexOf('/') + 1)] is { Length: > 0 } prefix ? prefix : applicationName;
}
