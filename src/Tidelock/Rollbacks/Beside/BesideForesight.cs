using Tidelock.Backups;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>Whether a backup could be restored beside a database, asked before a change is made: what is lacking can still be mended then.</summary>
/// <param name="Lacking">What would refuse it whenever it is tried.</param>
/// <param name="Notes">What may be over by then, and what cannot be known from here.</param>
internal sealed record BesideForesight(IReadOnlyList<Message> Lacking, IReadOnlyList<Message> Notes)
{
    /// <summary>What comes and goes with other people's work.</summary>
    private static readonly string[] Passing =
    [
        "postgres.swap.session",
        "postgres.swap.prepared",
        "postgres.swap.no-room",
    ];

    /// <param name="target">The database.</param>
    /// <param name="jobs">By how many jobs it would be restored.</param>
    /// <param name="applicationName">Of the look.</param>
    /// <param name="cancellation">Ends the look.</param>
    /// <exception cref="TidelockException">The database is not to be had.</exception>
    public static async Task<BesideForesight> LookAsync(
        PostgresTarget target,
        int jobs,
        string applicationName,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(target, applicationName, cancellation)
            .ConfigureAwait(false);
        var room = await ServerRoom.LookAsync(session, restored: null, cancellation).ConfigureAwait(false);
        IReadOnlyList<Message> found =
        [
            .. await ObstaclesAsync(session, jobs, cancellation).ConfigureAwait(false),
            .. await OwnedAsync(session, cancellation).ConfigureAwait(false),
        ];
        return new BesideForesight(
            [.. found.Where(o => !Passing.Contains(o.Code)), .. Listed(room.Lacking)],
            [.. found.Where(o => Passing.Contains(o.Code)), .. Listed(room.Unknown)]
        );
    }

    private static Message[] Listed(Message? message) => message is null ? [] : [message];

    /// <summary>What belongs to the first superuser, of which the server keeps no list for other databases to read.</summary>
    private static Task<List<Message>> OwnedAsync(PostgresSession session, CancellationToken cancellation) =>
        session.QueryAsync(
            $"""
            select r.rolname::text from pg_roles r where r.oid = 10 and not {SwapObstacles.MayActFor} and exists (
              select 1 from (
                select oid, 'pg_class'::regclass as class, relowner as owner from pg_class where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
                union all select oid, 'pg_proc'::regclass, proowner from pg_proc
                union all select oid, 'pg_namespace'::regclass, nspowner from pg_namespace
              ) o
              where o.owner = r.oid and o.oid >= 16384
                and not exists (select 1 from pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype = 'e'))
            """,
            r => Message.Of("postgres.swap.foreign-owner", ("which", r.GetString(0)), ("target", session.Target)),
            cancellation
        );

    private static async Task<IReadOnlyList<Message>> ObstaclesAsync(
        PostgresSession session,
        int jobs,
        CancellationToken cancellation
    )
    {
        var database = await session
            .ScalarAsync<uint>("select oid from pg_database where datname = current_database()", cancellation)
            .ConfigureAwait(false);
        try
        {
            await using var outside = await PostgresSession
                .OpenAsync(session.Target.WithDatabase("postgres"), session.ApplicationName, cancellation)
                .ConfigureAwait(false);
            return await SwapObstacles.FindAsync(outside, database, [], jobs + 2, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException e) when (ConnectionLoss.IsLoss(e))
        {
            return [Message.Of("rollbacks.beside.not-outside", ("reason", e.Problem))];
        }
    }
}
