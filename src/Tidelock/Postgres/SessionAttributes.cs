using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>Holds a session to the target_session_attrs of its target, for a single host too, as libpq does.</summary>
internal static class SessionAttributes
{
    /// <exception cref="TidelockException"><c>postgres.connect.other-kind</c>.</exception>
    public static async Task RequireAsync(PostgresSession session, CancellationToken cancellation)
    {
        const string writable =
            "(not pg_is_in_recovery() and not current_setting('default_transaction_read_only')::bool)";
        var wanted = session.Target.SessionAttributes;
        var condition = wanted switch
        {
            "read-write" => writable,
            "read-only" => "not " + writable,
            "primary" => "not pg_is_in_recovery()",
            "standby" => "pg_is_in_recovery()",
            _ => null,
        };
        if (
            condition is not null
            && !await session.ScalarAsync<bool>("select " + condition, cancellation).ConfigureAwait(false)
        )
        {
            throw new TidelockException(
                Message.Of("postgres.connect.other-kind", ("target", session.Target), ("wanted", wanted)),
                ExitCode.Refused
            );
        }
    }
}
