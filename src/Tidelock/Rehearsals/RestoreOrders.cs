using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>Finds out on the target and on this machine how a backup is restored for proof, and whether there is room for it.</summary>
internal static class RestoreOrders
{
    /// <summary>For the catalogs of a copy without rows.</summary>
    private const long Schema = 32L << 20;

    /// <summary>Where the throwaway server lies; null for the temporary folder.</summary>
    public static string? FolderOf(DataRehearsalOrder order) => order.Options.Rehearsal.Folder;

    /// <returns>Or why it cannot be restored here.</returns>
    public static async Task<(RestoreOrder? Order, Message? Refusal)> ReadAsync(
        Backup backup,
        DataRehearsalOrder order,
        PostgresSession target,
        BackupPrograms programs,
        CancellationToken cancellation
    )
    {
        var identity =
            backup.Manifest?.Identity ?? await ServerIdentity.ReadAsync(target, cancellation).ConfigureAwait(false);
        var clients = await programs.ReadingAsync(backup.Dump, identity.Major, cancellation).ConfigureAwait(false);
        var (list, read) = await DumpList.ReadAsync(clients, backup.Dump, cancellation).ConfigureAwait(false);
        if (list is null)
        {
            return (null, Message.Of("backups.list-failed", ("path", backup.Path), ("words", read.LastWords)));
        }

        var now = await SourceSettings.ReadAsync(target, cancellation).ConfigureAwait(false);
        var tables = new HashSet<RelationName>();
        foreach (var named in order.Options.Rehearsal.Tables)
        {
            var found = await PartitionsAsync(target, named, cancellation).ConfigureAwait(false);
            if (found.Count == 0)
            {
                return (null, Message.Of("rehearsals.data.no-table", ("table", named), ("target", target.Target)));
            }

            tables.UnionWith(found);
        }

        var room = RestoreRoom.Of(backup, now);
        if (tables.Count > 0)
        {
            room = room.For(await SizeAsync(target, tables, cancellation).ConfigureAwait(false) + Schema);
        }

        if (order.Change.Section<RollbackOptions>().Method is InPlaceRollback.MethodName)
        {
            // What is dropped stays on the disk until the restore over it is committed.
            room = room with
            {
                Database = room.Database * 2,
            };
        }

        return Lacking(order, room) is { } lacking
            ? (null, lacking)
            : (
                new RestoreOrder(
                    backup,
                    list,
                    backup.Manifest?.Source ?? now,
                    await CopyRoles.ReadAsync(target, cancellation).ConfigureAwait(false),
                    await target
                        .QueryAsync("select extname::text from pg_extension", r => r.GetString(0), cancellation)
                        .ConfigureAwait(false),
                    clients,
                    order.Options.Jobs,
                    tables,
                    await ForeignReads.FilledAsync(target, cancellation).ConfigureAwait(false),
                    await LockTable.EntriesAsync(target, cancellation).ConfigureAwait(false)
                ),
                null
            );
    }

    private static Message? Lacking(DataRehearsalOrder order, RestoreRoom room)
    {
        var folder = FolderOf(order) ?? Path.GetTempPath();
        if (!Directory.Exists(folder))
        {
            return Message.Of("rehearsals.data.no-folder", ("folder", folder));
        }

        return room.Lacking(folder) is { } lacking ? Message.Of("rehearsals.data.no-room", ("lacking", lacking)) : null;
    }

    /// <summary>A table itself, or the partitions in which its rows lie; none where there is no such table.</summary>
    private static Task<List<RelationName>> PartitionsAsync(
        PostgresSession target,
        RelationName table,
        CancellationToken cancellation
    ) =>
        target.QueryAsync(
            """
            with recursive all_of(oid) as (
              select to_regclass($1)::oid
              union
              select i.inhrelid from all_of a join pg_inherits i on i.inhparent = a.oid
            )
            select n.nspname::text, c.relname::text from all_of a join pg_class c on c.oid = a.oid
            join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'
            """,
            r => new RelationName(r.GetString(0), r.GetString(1)),
            cancellation,
            new NpgsqlParameter { Value = table.Sql }
        );

    private static async Task<long> SizeAsync(
        PostgresSession target,
        IEnumerable<RelationName> tables,
        CancellationToken cancellation
    ) =>
        await target
            .ScalarAsync<long>(
                "select coalesce(sum(pg_total_relation_size(to_regclass(t))), 0)::bigint from unnest($1::text[]) t",
                cancellation,
                new NpgsqlParameter { Value = tables.Select(t => t.Sql).ToArray() }
            )
            .ConfigureAwait(false);
}
