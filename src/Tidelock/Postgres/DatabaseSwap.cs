using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>
/// Exchanges two databases under one name. Everything is done from another database, because nobody may be in either of the two. Each part
/// may be called again, and <see cref="SettleAsync"/> brings things in order from wherever a killed program has left them.
/// </summary>
internal sealed class DatabaseSwap(PostgresSession session, SwapPlan plan, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan OwnBackend = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Reopening = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Somebody who grants on the database keeps it from being altered until that commits, and a standby that is away would hold up our own
    /// commit: neither is waited for while nobody can connect.
    /// </summary>
    private const string Bounded = "set local lock_timeout = '2s'; set local synchronous_commit = local";

    private const string Dispatched = """
        select pg_terminate_backend(a.pid) from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid
          join pg_roles me on me.rolname = current_user
        where a.datid in ($1, $2) and a.pid <> pg_backend_pid() and a.pid <> all ($3) and (me.rolsuper or (r.oid is not null and not r.rolsuper
          and (pg_has_role(r.oid, 'usage') or pg_has_role('pg_signal_backend', 'usage'))))
        """;

    /// <summary>Autovacuum is not waited for: the rename ends it.</summary>
    private const string Present = """
        select format('%s %s%s', a.pid, coalesce(a.usename, '?'), coalesce(' (' || nullif(a.application_name, '') || ')', ''))
        from pg_stat_activity a
        where a.datid in ($1, $2) and a.pid <> pg_backend_pid() and a.pid <> all ($3) and a.usesysid is not null
        union all
        select format('PREPARE TRANSACTION %L (%s)', gid, owner) from pg_prepared_xacts
        where database in (select datname from pg_database where oid in ($1, $2))
        union all
        select format('replication slot %s', slot_name) from pg_replication_slots where datoid in ($1, $2)
        union all
        select format('subscription %s', subname) from pg_subscription where subdbid in ($1, $2)
        """;

    /// <summary>Lets nobody into either of them any more, superusers included. Who is inside stays.</summary>
    /// <exception cref="TidelockException"><c>postgres.swap.unsettled</c>: the names are not where they were planned; nothing is closed then.</exception>
    public async Task CloseAsync(CancellationToken cancellation)
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(cancellation)
            .ConfigureAwait(false);
        await session
            .ExecuteAsync($"{Bounded}; {Allow(plan.Beside, false)}; {Allow(plan.Name, false)}", cancellation)
            .ConfigureAwait(false);
        await RequireAsync(SwapFate.NotSwapped, cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Ends who is inside until nobody is left and no prepared transaction either.</summary>
    /// <returns>Who is still there after the limit; none when both are empty.</returns>
    public Task<IReadOnlyList<string>> EmptyAsync(TimeSpan limit, CancellationToken cancellation) =>
        EmptyAsync(limit, [], cancellation);

    /// <summary>The same, and backends of ours stay.</summary>
    public async Task<IReadOnlyList<string>> EmptyAsync(
        TimeSpan limit,
        IReadOnlyList<int> ours,
        CancellationToken cancellation
    )
    {
        NpgsqlParameter[] Whom() => [.. Both(), new NpgsqlParameter { Value = ours.ToArray() }];
        var since = time.GetTimestamp();
        while (true)
        {
            var present = await session
                .QueryAsync(Present, r => r.GetString(0), cancellation, Whom())
                .ConfigureAwait(false);
            if (present.Count == 0 || time.GetElapsedTime(since) >= limit)
            {
                return present;
            }

            await session.QueryAsync(Dispatched, r => r.GetBoolean(0), cancellation, Whom()).ConfigureAwait(false);
            await Task.Delay(Look, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Ends whoever is in a database, as far as the session's role may.</summary>
    public static Task<List<bool>> DismissAsync(
        PostgresSession session,
        uint database,
        CancellationToken cancellation
    ) =>
        session.QueryAsync(
            Dispatched,
            r => r.GetBoolean(0),
            cancellation,
            DatabaseProperties.Of(database),
            DatabaseProperties.Of(database),
            new NpgsqlParameter { Value = Array.Empty<int>() }
        );

    /// <summary>Lets people into the one that comes, until <see cref="CloseAsync"/> or <see cref="SettleAsync"/>.</summary>
    public async Task LetInAsync(CancellationToken cancellation)
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(cancellation)
            .ConfigureAwait(false);
        await session.ExecuteAsync($"{Bounded}; {Allow(plan.Beside, true)}", cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Renames both in one transaction, which also opens the one that comes and gives it its comment. The other stays closed. Only when
    /// both are empty: else the server itself waits for seconds and lets nobody connect meanwhile.
    /// </summary>
    /// <param name="comment">Of the database that comes; null for none.</param>
    public async Task RenameAsync(string? comment, CancellationToken cancellation)
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(cancellation)
            .ConfigureAwait(false);
        string[] statements =
        [
            Bounded,
            $"alter database {Identifiers.Quote(plan.Name)} rename to {Identifiers.Quote(plan.Kept)}",
            $"alter database {Identifiers.Quote(plan.Beside)} rename to {Identifiers.Quote(plan.Name)}",
            $"comment on database {Identifiers.Quote(plan.Name)} is {(comment is null ? "null" : Identifiers.Literal(comment))}",
            Allow(plan.Name, true),
        ];
        await session.ExecuteAsync(string.Join("; ", statements), cancellation).ConfigureAwait(false);

        // With both locked, nobody can rename them any more.
        await RequireAsync(SwapFate.Swapped, cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// What became of it, and the name leads into a database that lets one in; the coming one is as open or closed as it was. Only to be called when
    /// no backend is left that could still commit a rename.
    /// </summary>
    public async Task<SwapFate> SettleAsync(CancellationToken cancellation)
    {
        var (fate, mends) = await LookAsync(cancellation).ConfigureAwait(false);
        if (fate is not SwapFate.NotSwapped || mends.Count == 0)
        {
            return fate;
        }

        for (var since = time.GetTimestamp(); ; )
        {
            try
            {
                await MendAsync(mends, cancellation).ConfigureAwait(false);
                return fate;
            }
            catch (PostgresException e)
                when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.InternalError)
            {
                // Who waited for another's change of the same row is told "tuple concurrently updated" once that commits.
                if (time.GetElapsedTime(since) > Reopening)
                {
                    throw new TidelockException(
                        Message.Of("postgres.swap.stays-closed", ("name", plan.Name), ("target", session.Target)),
                        ExitCode.NeedsPerson
                    );
                }
            }

            await Task.Delay(Look, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>In a session of its own: Npgsql closes one that met an internal error.</summary>
    private async Task MendAsync(IReadOnlyList<string> mends, CancellationToken cancellation)
    {
        await using var own = await PostgresSession
            .OpenAsync(session.Target, session.ApplicationName, cancellation)
            .ConfigureAwait(false);
        await using var transaction = await own.Connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await own.ExecuteAsync(string.Join("; ", mends.Prepend(Bounded)), cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>What became of it; looks and changes nothing.</summary>
    public async Task<SwapFate> FateAsync(CancellationToken cancellation) =>
        (await LookAsync(cancellation).ConfigureAwait(false)).Fate;

    /// <summary>The session's backend, as <see cref="EndAsync"/> takes it: a pid may be somebody else's after a restart.</summary>
    public static async Task<SwapBackend> BackendAsync(PostgresSession session, CancellationToken cancellation)
    {
        const string sql = "select backend_start::text from pg_stat_activity where pid = pg_backend_pid()";
        return new SwapBackend(
            session.Connection.ProcessID,
            await session.ScalarAsync<string>(sql, cancellation).ConfigureAwait(false) ?? ""
        );
    }

    /// <summary>Ends a backend of ours whose answer never came, and returns when it can do nothing more.</summary>
    /// <exception cref="TidelockException"><c>postgres.swap.backend-stays</c>.</exception>
    public async Task EndAsync(SwapBackend backend, CancellationToken cancellation)
    {
        const string sql = """
            select coalesce((select bool_or(pg_terminate_backend(pid) or true) from pg_stat_activity
              where pid = $1 and backend_start::text = $2 and application_name = $3 and pid <> pg_backend_pid()), false)
            """;
        var since = time.GetTimestamp();
        while (
            await session
                .ScalarAsync<bool>(
                    sql,
                    cancellation,
                    new NpgsqlParameter { Value = backend.ProcessId },
                    new NpgsqlParameter { Value = backend.Started },
                    new NpgsqlParameter { Value = session.ApplicationName }
                )
                .ConfigureAwait(false)
        )
        {
            if (time.GetElapsedTime(since) > OwnBackend)
            {
                throw new TidelockException(
                    Message.Of(
                        "postgres.swap.backend-stays",
                        ("pid", backend.ProcessId),
                        ("name", plan.Name),
                        ("target", session.Target)
                    ),
                    ExitCode.NeedsPerson
                );
            }

            await Task.Delay(Look, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What became of it, and the statements that make both as open as they were where nothing did.</summary>
    private async Task<(SwapFate Fate, IReadOnlyList<string> Mends)> LookAsync(CancellationToken cancellation)
    {
        var found = await session
            .QueryAsync(
                "select oid, datname::text, datallowconn from pg_database where oid in ($1, $2) or datname = $3",
                r => (Oid: r.GetFieldValue<uint>(0), Name: r.GetString(1), Allows: r.GetBoolean(2)),
                cancellation,
                [.. Both(), new NpgsqlParameter { Value = plan.Name }]
            )
            .ConfigureAwait(false);
        var named = found.Find(f => f.Name == plan.Name).Oid;
        var kept = found.Find(f => f.Oid == plan.Leaving).Name;
        var fate =
            named == plan.Leaving ? SwapFate.NotSwapped
            : named == plan.Coming && (kept is null || kept == plan.Kept) ? SwapFate.Swapped
            : SwapFate.Unknown;
        var mends = found
            .Select(f => (f.Name, f.Allows, Should: f.Oid != plan.Coming || !plan.ComingIsClosed))
            .Where(f => f.Allows != f.Should)
            .Select(f => Allow(f.Name, f.Should));
        return (fate, [.. mends]);
    }

    private async Task RequireAsync(SwapFate wanted, CancellationToken cancellation)
    {
        if (await FateAsync(cancellation).ConfigureAwait(false) != wanted)
        {
            throw new TidelockException(Unsettled(plan, session.Target), ExitCode.NeedsPerson);
        }
    }

    /// <summary>The names are neither as before nor as after the swap.</summary>
    public static Message Unsettled(SwapPlan plan, PostgresTarget server) =>
        Message.Of(
            "postgres.swap.unsettled",
            ("target", server),
            ("name", plan.Name),
            ("leaving", plan.Leaving),
            ("kept", plan.Kept),
            ("coming", plan.Coming),
            ("beside", plan.Beside)
        );

    private NpgsqlParameter[] Both() => [DatabaseProperties.Of(plan.Leaving), DatabaseProperties.Of(plan.Coming)];

    private static string Allow(string database, bool allowed) =>
        $"alter database {Identifiers.Quote(database)} with allow_connections {(allowed ? "true" : "false")}";
}

/// <summary>A backend that may outlive the connection to it.</summary>
/// <param name="ProcessId">Its pid.</param>
/// <param name="Started">When it began, as the server prints it.</param>
internal sealed record SwapBackend(int ProcessId, string Started);
