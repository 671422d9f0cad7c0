using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Rehearsals;

/// <summary>
/// Who did DDL on a copy: what its connections called themselves and how long they would wait for a lock. Its own DDL is not traced, and
/// it is gone afterwards, so that nothing differs for it.
/// </summary>
internal sealed class ToolNames(PostgresSession superuser) : IAsyncDisposable
{
    public static async Task<ToolNames> InstallAsync(PostgresTarget superuser, CancellationToken cancellation)
    {
        var session = await PostgresSession
            .OpenAsync(superuser, SchemaCopy.ApplicationName, cancellation)
            .ConfigureAwait(false);
        try
        {
            // No event trigger sees what a replica does.
            await session
                .ExecuteAsync("set session_replication_role = replica; set lock_timeout = '1min'", cancellation)
                .ConfigureAwait(false);
            await session
                .ExecuteAsync(
                    """
                    create schema tidelock_tool_names;
                    create table tidelock_tool_names.sessions (application text not null, lock_timeout text not null);
                    create function tidelock_tool_names.begun() returns event_trigger language plpgsql security definer
                        set search_path = pg_catalog as $$
                    begin
                        insert into tidelock_tool_names.sessions
                        values (current_setting('application_name'), current_setting('lock_timeout'));
                    end $$;
                    create event trigger tidelock_tool_names on ddl_command_start execute function tidelock_tool_names.begun()
                    """,
                    cancellation
                )
                .ConfigureAwait(false);
            return new ToolNames(session);
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A connection whose waits are not bounded or that does not carry this name, and ends the writing down.</summary>
    /// <param name="application">The name it should carry.</param>
    /// <returns>Its name and lock_timeout; null: each was as it should be.</returns>
    public async Task<(string Application, string LockTimeout)?> TakeOtherAsync(
        string application,
        CancellationToken cancellation
    )
    {
        var others = await superuser
            .QueryAsync(
                """
                select application, lock_timeout from tidelock_tool_names.sessions
                where application <> left($1, 63) or lock_timeout = '0' limit 1
                """,
                r => (r.GetString(0), r.GetString(1)),
                cancellation,
                new NpgsqlParameter { Value = application }
            )
            .ConfigureAwait(false);
        await superuser
            .ExecuteAsync(
                "drop event trigger tidelock_tool_names; drop schema tidelock_tool_names cascade",
                cancellation
            )
            .ConfigureAwait(false);
        return others.Count == 0 ? null : others[0];
    }

    public ValueTask DisposeAsync() => superuser.DisposeAsync();
}
