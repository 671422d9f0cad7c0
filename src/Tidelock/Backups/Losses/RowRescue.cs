using System.Buffers;
using System.Globalization;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Losses;

/// <summary>
/// Saves the rows that a backup has not seen into side tables, by their primary key: before a restore in place in the same database, after a
/// swap from the database that was replaced into the one that replaced it.
/// </summary>
/// <remarks>
/// Rows are told by the transaction that wrote them, which also stays readable in rows that were frozen. So no row that the backup lacks is
/// missed; rows that were written while it began, and those of a table that was rewritten since, may be saved though the backup has them. Rows
/// that were deleted since are not rows any more: they come back with the restore. It may run again: each side table is made anew.
/// </remarks>
/// <param name="from">Only reads here. Another session than <paramref name="to"/>, also where both are of one database.</param>
/// <param name="to">Where the side tables are made.</param>
/// <param name="manifest">Of the backup.</param>
/// <param name="run">The run's id, of which the schema has its name.</param>
/// <param name="report">Told which table is being saved.</param>
internal sealed class RowRescue(
    PostgresSession from,
    PostgresSession to,
    BackupManifest manifest,
    string run,
    Action<Message> report
)
{
    /// <summary>How long a synchronous standby that is away is waited for.</summary>
    public TimeSpan StandbyLimit { get; init; } = TimeSpan.FromSeconds(15);

    private readonly string schema = SchemaOf(run);

    /// <summary>The schema of a run's side tables.</summary>
    public static string SchemaOf(string run) => $"tidelock_rescue_{run.ToLowerInvariant()}";

    /// <summary>Saves; a table that cannot be read or saved is the rescue's problem, and no later one is begun.</summary>
    public static Task<RescueResult> SaveAsync(
        PostgresSession from,
        PostgresSession to,
        BackupManifest manifest,
        string run,
        Action<Message> report,
        CancellationToken cancellation
    ) => new RowRescue(from, to, manifest, run, report).RunAsync(cancellation);

    /// <summary>Schemas with side tables, of whatever run, that the session's database holds; null where it holds none.</summary>
    public static Task<string?> SchemasAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ScalarAsync<string>(
            @"select string_agg(quote_ident(nspname), ', ' order by nspname) from pg_namespace where nspname like 'tidelock\_rescue\_%'",
            cancellation
        );

    /// <summary>Tables of the backup without a primary key: what was written to them is not saved.</summary>
    public static async Task<IReadOnlyList<RelationName>> WithoutKeyAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var held = await DroppedAsync(session, manifest, cancellation).ConfigureAwait(false);
        var tables = await RescueTable.ReadAsync(session, cancellation).ConfigureAwait(false);
        return [.. tables.Where(t => t.Key.Count == 0 && held.Contains(t.Name)).Select(t => t.Name)];
    }

    /// <summary>What a restore in place drops: the tables of the backup and what falls with them.</summary>
    private static async Task<HashSet<RelationName>> DroppedAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var dropped = await FallingTables.ReadAsync(session, manifest, cancellation).ConfigureAwait(false);
        dropped.UnionWith(manifest.Tables.Select(t => new RelationName(t.Schema, t.Name)));
        return dropped;
    }

    /// <summary>
    /// Why rows of the session's database could not be saved, as far as that shows beforehand: whether it can be told which they are, whether
    /// all of them can be read, and whether the side tables can be made. Null where nothing stands in the way.
    /// </summary>
    /// <param name="session">Of the database that is to be restored.</param>
    /// <param name="manifest">Of the backup.</param>
    /// <param name="run">The run's id.</param>
    /// <param name="isInPlace">Whether only what is dropped is saved, and not the whole database.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<Message?> ObstacleAsync(
        PostgresSession session,
        BackupManifest? manifest,
        string run,
        bool isInPlace,
        CancellationToken cancellation
    )
    {
        if (manifest is null)
        {
            return Message.Of("rollbacks.rescue.no-snapshot");
        }

        var (_, problem) = await HorizonAsync(session, manifest, cancellation).ConfigureAwait(false);
        problem ??= await ReplicatedAsync(session, run, cancellation).ConfigureAwait(false);
        problem ??= await NotMakeableAsync(session, run, cancellation).ConfigureAwait(false);
        if (problem is not null)
        {
            return problem;
        }

        var tables = await TablesAsync(session, manifest, isInPlace, cancellation).ConfigureAwait(false);
        return tables.FirstOrDefault(t => !t.IsReadable) is { } unreadable
            ? Message.Of(
                "rollbacks.rescue.unreadable",
                ("table", unreadable.Name),
                ("role", await RoleAsync(session, cancellation).ConfigureAwait(false))
            )
            : null;
    }

    /// <inheritdoc cref="SaveAsync(PostgresSession, PostgresSession, BackupManifest, string, Action{Message}, CancellationToken)"/>
    public async Task<RescueResult> RunAsync(CancellationToken cancellation)
    {
        var (horizon, problem) = await HorizonAsync(from, manifest, cancellation).ConfigureAwait(false);
        problem ??= await ReplicatedAsync(to, run, cancellation).ConfigureAwait(false);
        if (problem is not null)
        {
            return new RescueResult(null, problem);
        }

        var saved = new List<RescuedTable>();
        var withoutKey = new List<RescuedTable>();
        foreach (var table in await TablesAsync(from, manifest, IsInPlace, cancellation).ConfigureAwait(false))
        {
            report(Message.Of("rollbacks.rescue.saving", ("table", table.Name)));
            try
            {
                var list = table.Key.Count == 0 ? withoutKey : saved;
                var rows =
                    table.Key.Count == 0
                        ? await CountAsync(table, horizon, cancellation).ConfigureAwait(false)
                        : await SaveAsync(table, horizon, cancellation).ConfigureAwait(false);
                if (rows > 0)
                {
                    list.Add(new RescuedTable(table.Name, rows, table.Key.Count == 0 ? "" : table.SideName));
                }
            }
            catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
            {
                return new RescueResult(
                    null,
                    Message.Of("rollbacks.rescue.failed", ("table", table.Name), ("reason", e.MessageText))
                );
            }
        }

        if (saved.Count > 0)
        {
            await AwaitStandbysAsync(cancellation).ConfigureAwait(false);
        }

        var others = await LostWritesReader.OthersAsync(from, manifest, cancellation).ConfigureAwait(false);
        return new RescueResult(
            new RescuedRows(schema, saved, withoutKey)
            {
                Others = others.Count == 0 ? null : others,
                Place = RescuePlace.Of(await ServerIdentity.ReadAsync(to, cancellation).ConfigureAwait(false)),
            },
            null
        );
    }

    /// <summary>
    /// One commit more, which waits for whatever standbys the server waits for, and so for all before it: what was saved for nobody to lose is not lost
    /// with one machine. A standby that is away is not waited for without end: the rows are on this server's disk.
    /// </summary>
    private async Task AwaitStandbysAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StandbyLimit);
        try
        {
            await to.ExecuteAsync(
                    $"comment on schema {Identifiers.Quote(schema)} is {Identifiers.Literal("tidelock " + run)}",
                    limit.Token
                )
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Told below, as where the server took the cancellation for the end of its waiting.
        }

        if (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            report(Message.Of("rollbacks.rescue.not-replicated", ("schema", schema), ("limit", StandbyLimit)));
        }
    }

    /// <summary>Side tables that are not where they were saved, or lack rows.</summary>
    public static async Task<IReadOnlyList<RelationName>> GoneAsync(
        PostgresSession session,
        RescuedRows rows,
        CancellationToken cancellation
    )
    {
        var gone = new List<RelationName>();
        foreach (var table in rows.Saved)
        {
            var side = new RelationName(rows.Schema, table.Into);
            var isThere = await session
                .ScalarAsync<bool>(
                    "select to_regclass($1) is not null",
                    cancellation,
                    new NpgsqlParameter { Value = side.Sql }
                )
                .ConfigureAwait(false);
            var count = isThere
                ? await session
                    .ScalarAsync<long>($"select count(*) from {side.Sql}", cancellation)
                    .ConfigureAwait(false)
                : 0;
            if (count < table.Rows)
            {
                gone.Add(side);
            }
        }

        return gone;
    }

    /// <summary>In its own database a table that the backup does not know stays as it is, unless it falls with one that it knows.</summary>
    private static async Task<IEnumerable<RescueTable>> TablesAsync(
        PostgresSession session,
        BackupManifest manifest,
        bool isInPlace,
        CancellationToken cancellation
    )
    {
        var all = await RescueTable.ReadAsync(session, cancellation).ConfigureAwait(false);
        if (!isInPlace)
        {
            return all;
        }

        var dropped = await DroppedAsync(session, manifest, cancellation).ConfigureAwait(false);
        return all.Where(t => dropped.Contains(t.Name));
    }

    private bool IsInPlace => string.Equals(from.Target.Database, to.Target.Database, StringComparison.Ordinal);

    private static async Task<(uint Horizon, Message? Problem)> HorizonAsync(
        PostgresSession from,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        if (manifest.Snapshot is not { } snapshot)
        {
            return (0, Message.Of("rollbacks.rescue.no-snapshot"));
        }

        var identity = await ServerIdentity.ReadAsync(from, cancellation).ConfigureAwait(false);
        if (
            !string.Equals(identity.SystemIdentifier, manifest.Identity.SystemIdentifier, StringComparison.Ordinal)
            || identity.DatabaseOid != manifest.Identity.DatabaseOid
        )
        {
            return (0, Message.Of("backups.lost.other-server"));
        }

        var encoding = await from.ScalarAsync<string>("select current_setting('server_encoding')", cancellation)
            .ConfigureAwait(false);
        if (encoding is "SQL_ASCII")
        {
            return (0, Message.Of("rollbacks.rescue.encoding", ("encoding", encoding)));
        }

        var now = await from.ScalarAsync<string>("select pg_snapshot_xmax(pg_current_snapshot())::text", cancellation)
            .ConfigureAwait(false);
        return RescueHorizon.Of(snapshot, ulong.Parse(now!, CultureInfo.InvariantCulture)) is { } horizon
            ? (horizon, null)
            : (0, Message.Of("rollbacks.rescue.too-long-ago"));
    }

    /// <summary>A subscriber of all tables stops at one that it does not have.</summary>
    private static async Task<Message?> ReplicatedAsync(PostgresSession to, string run, CancellationToken cancellation)
    {
        var publication = await to.ScalarAsync<string>(
                """
                select min(pubname::text) from pg_publication where puballtables
                  and exists (select from pg_replication_slots where database = current_database())
                """,
                cancellation
            )
            .ConfigureAwait(false);
        return publication is null
            ? null
            : Message.Of("rollbacks.rescue.replicated", ("publication", publication), ("schema", SchemaOf(run)));
    }

    private static async Task<Message?> NotMakeableAsync(
        PostgresSession to,
        string run,
        CancellationToken cancellation
    ) =>
        await to.ScalarAsync<bool>("select has_database_privilege(current_database(), 'create')", cancellation)
            .ConfigureAwait(false)
            ? null
            : Message.Of(
                "rollbacks.rescue.no-create",
                ("role", await RoleAsync(to, cancellation).ConfigureAwait(false)),
                ("schema", SchemaOf(run)),
                ("database", Identifiers.Quote(to.Target.Database))
            );

    private static Task<string?> RoleAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ScalarAsync<string>("select quote_ident(current_user)", cancellation);

    private async Task<long> CountAsync(RescueTable table, uint horizon, CancellationToken cancellation)
    {
        await BeginReadingAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await from.ScalarAsync<long>($"select count(*) {Unseen(table, horizon)}", cancellation)
                .ConfigureAwait(false);
        }
        finally
        {
            await RollBackAsync(from).ConfigureAwait(false);
        }
    }

    private async Task<long> SaveAsync(RescueTable table, uint horizon, CancellationToken cancellation)
    {
        await BeginReadingAsync(cancellation).ConfigureAwait(false);
        try
        {
            await to.ExecuteAsync(Making(table), cancellation).ConfigureAwait(false);
            await CopyAsync(table, horizon, cancellation).ConfigureAwait(false);
            if (!IsInPlace)
            {
                await LeaveOutRestoredAsync(table, cancellation).ConfigureAwait(false);
            }

            var rows = await to.ScalarAsync<long>($"select count(*) from {Side(table)}", cancellation)
                .ConfigureAwait(false);
            var end = rows > 0 ? "commit" : "rollback";
            await to.ExecuteAsync(end, cancellation).ConfigureAwait(false);
            return rows;
        }
        catch
        {
            await RollBackAsync(to).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await RollBackAsync(from).ConfigureAwait(false);
        }
    }

    private static async Task RollBackAsync(PostgresSession session)
    {
        if (session.Connection.FullState == System.Data.ConnectionState.Open)
        {
            await session.ExecuteAsync("rollback", CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>A transaction without an id of its own, so that the age of a row is told from the newest there is.</summary>
    private Task BeginReadingAsync(CancellationToken cancellation) =>
        from.ExecuteAsync(
            """
            begin isolation level repeatable read read only; set local lock_timeout = '10s'; set local statement_timeout = 0;
            set local row_security = off; set local datestyle = 'ISO'; set local intervalstyle = 'postgres'
            """,
            cancellation
        );

    /// <summary>The raw id of a row that was frozen long ago can be older than any that is told apart: its age is then negative.</summary>
    private static string Unseen(RescueTable table, uint horizon) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"from only {table.Name.Sql} t where pg_catalog.age(t.xmin) between 0 and pg_catalog.age('{horizon}'::xid)"
        );

    private string Side(RescueTable table) => new RelationName(schema, table.SideName).Sql;

    private string Making(RescueTable table)
    {
        var columns = table.Columns.Select(c => $"{Identifiers.Quote(c.Name)} {c.Type}");
        return $"""
            begin; set local lock_timeout = '10s'; set local statement_timeout = 0; set local datestyle = 'ISO';
            set local intervalstyle = 'postgres'; set local synchronous_commit = local; create schema if not exists {Identifiers.Quote(
                schema
            )};
            drop table if exists {Side(table)};
            create table {Side(table)} ({string.Join(", ", columns)}, primary key ({Names(table.Key)}))
            """;
    }

    private static string Names(IEnumerable<string> columns) => string.Join(", ", columns.Select(Identifiers.Quote));

    private async Task CopyAsync(RescueTable table, uint horizon, CancellationToken cancellation)
    {
        var columns = table.Columns.Select(c => c.Name).ToList();
        await using var reader = await from
            .Connection.BeginTextExportAsync(
                $"copy (select {Names(columns)} {Unseen(table, horizon)}) to stdout",
                cancellation
            )
            .ConfigureAwait(false);
        var writer = await to
            .Connection.BeginTextImportAsync($"copy {Side(table)} ({Names(columns)}) from stdin", cancellation)
            .ConfigureAwait(false);
        var buffer = ArrayPool<char>.Shared.Rent(1 << 16);
        try
        {
            while (await reader.ReadAsync(buffer, cancellation).ConfigureAwait(false) is var read and > 0)
            {
                await writer.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            }
        }
        catch
        {
            await writer.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
            await writer.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What was restored exactly so needs no rescue: the backup had it after all.</summary>
    private async Task LeaveOutRestoredAsync(RescueTable table, CancellationToken cancellation)
    {
        var restored = (await RescueTable.ReadAsync(to, cancellation).ConfigureAwait(false)).FirstOrDefault(t =>
            t.Name == table.Name
        );
        if (restored is null || table.Columns.Except(restored.Columns).Any())
        {
            return;
        }

        var same = table.Columns.Select(c =>
            $"s.{Identifiers.Quote(c.Name)}::text is not distinct from t.{Identifiers.Quote(c.Name)}::text"
        );
        var key = table.Key.Select(k => $"s.{Identifiers.Quote(k)}::text = t.{Identifiers.Quote(k)}::text");
        await to.ExecuteAsync(
                $"delete from {Side(table)} s using only {table.Name.Sql} t where {string.Join(" and ", key.Concat(same))}",
                cancellation
            )
            .ConfigureAwait(false);
    }
}
