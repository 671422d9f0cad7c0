using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// What is really done on a copy, by whatever program: every DDL command with what it took along by CASCADE and which locks on relations
/// it added. Event triggers of the copy write it down.
/// </summary>
internal sealed class CopyTrace(PostgresSession superuser) : IAsyncDisposable
{
    private long read;

    /// <summary>Begins to write down. Locks are told about on what is there now.</summary>
    public Task InstallAsync(CancellationToken cancellation) =>
        superuser.ExecuteAsync(SqlText.Beside<CopyTrace>("CopyTrace"), cancellation);

    /// <summary>What was committed since the last call, in order. From now on locks are told about on what is there now.</summary>
    public async Task<IReadOnlyList<RehearsedStatement>> TakeAsync(CancellationToken cancellation)
    {
        var rows = await superuser
            .QueryAsync(
                """
                select s.n, s.command, s.objects, s.sql, coalesce(s.taken, '{}'), array(
                    select m || E'\t' || r.schema || E'\t' || r.name
                    from unnest(s.modes, s.locked) u (m, o) join tidelock_trace.relations r on r.oid = o order by m, r.schema, r.name)
                from tidelock_trace.statements s where s.n > $1 order by s.n
                """,
                r =>
                    (
                        N: r.GetInt64(0),
                        Statement: new RehearsedStatement(
                            r.GetString(1),
                            r.GetFieldValue<string[]>(2),
                            Secrets.OfProcess.Scrub(r.GetString(3)),
                            r.GetFieldValue<string[]>(4),
                            [.. r.GetFieldValue<string[]>(5).Select(TakenLock.Parse)]
                        )
                    ),
                cancellation,
                new NpgsqlParameter { Value = read }
            )
            .ConfigureAwait(false);
        read = rows.Count == 0 ? read : rows[^1].N;
        await superuser
            .ExecuteAsync(
                "truncate tidelock_trace.relations; insert into tidelock_trace.relations select * from tidelock_trace.present",
                cancellation
            )
            .ConfigureAwait(false);
        return [.. rows.Select(r => r.Statement)];
    }

    /// <summary>Nothing is written down any more, and nothing of it is left on the copy.</summary>
    public Task RemoveAsync(CancellationToken cancellation) =>
        superuser.ExecuteAsync(
            "drop event trigger tidelock_trace_dropped; drop event trigger tidelock_trace_done; drop schema tidelock_trace cascade",
            cancellation
        );

    public ValueTask DisposeAsync() => superuser.DisposeAsync();
}
