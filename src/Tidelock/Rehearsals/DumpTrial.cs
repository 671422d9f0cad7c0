using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>A dump, restored into an empty database.</summary>
/// <param name="backup">With a dump that pg_restore can read.</param>
/// <param name="order">What is rehearsed with it.</param>
/// <param name="programs">Those of PostgreSQL.</param>
/// <param name="decrypting">How long it took to decrypt the dump, which belongs to restoring it; null for one that is not encrypted.</param>
/// <param name="time">The clock.</param>
internal sealed class DumpTrial(
    Backup backup,
    DataRehearsalOrder order,
    BackupPrograms programs,
    TimeSpan? decrypting,
    TimeProvider time
) : RestoreTrial
{
    private readonly Migration migration = order.Change.Section<Migration>();
    private readonly string method = order.Change.Section<RollbackOptions>().Method;
    private RestoredPlace? place;
    private RestoreOrder? asked;
    private RehearsedSubset? subset;

    public override string Path => backup.Path;

    public override string Digest => backup.Manifest?.Digest() ?? "";

    public override BackupPlace? Place => place;

    public override IReadOnlyList<TableState> Tables => backup.Manifest?.Tables ?? [];

    public override RehearsedSubset? Subset => subset;

    public override TimeSpan Beforehand => decrypting ?? TimeSpan.Zero;

    public override IEnumerable<TableState> CountedTables =>
        base.CountedTables.Where(t =>
            subset?.Tables.Contains($"{new RelationName(t.Schema, t.Name)}", StringComparer.Ordinal) != false
        );

    public override async Task<Message?> AskAsync(PostgresSession target, CancellationToken cancellation)
    {
        (asked, var refusal) = await RestoreOrders
            .ReadAsync(backup, order, target, programs, cancellation)
            .ConfigureAwait(false);
        if (asked is { Tables.Count: > 0 })
        {
            subset = new([.. asked.Tables.Select(t => $"{t}")], asked.List.TablesWithData);
        }

        return refusal;
    }

    public override SchemaCopy Copy() => SchemaCopy.Of(place!, asked!.Clients, asked.Roles);

    public override async Task<PartEnd> RestoreAsync(CancellationToken cancellation)
    {
        var what = asked!;
        var major = backup.Manifest?.Identity.Major ?? what.List.ServerMajor ?? 0;
        var servers = await programs.ServersAsync(major, cancellation).ConfigureAwait(false);
        if (servers.Major < major)
        {
            return PartEnd.Bad(Message.Of("backups.rehearsal.old-server", ("have", servers.Major), ("needed", major)));
        }

        place = await RestoredPlace
            .StartAsync(
                servers,
                what,
                RestoreOrders.FolderOf(order),
                listens: migration is ToolMigration,
                time,
                cancellation
            )
            .ConfigureAwait(false);
        var (took, problem) = await place.RestoreAsync(cancellation).ConfigureAwait(false);
        Note([.. what.LeftOut, .. place.Notes]);
        if (place.LoginProblem is { } login && problem is null)
        {
            if (RollbackOptions.Restores(method))
            {
                return PartEnd.Bad(login);
            }

            Note(login);
        }

        if (servers.Major != major)
        {
            Note(Message.Of("rehearsals.data.other-major", ("have", servers.Major), ("source", major)));
        }

        return problem is not null
            ? PartEnd.Bad(problem)
            : new PartEnd(
                true,
                took + (decrypting ?? TimeSpan.Zero),
                Restored(
                    Message.Of(
                        subset is null ? "rehearsals.data.restored" : "rehearsals.data.restored-subset",
                        ("jobs", what.Jobs),
                        ("role", place.Restorer),
                        ("subset", subset?.Text)
                    )
                )
            );
    }

    private Message Restored(Message finding) =>
        decrypting is null
            ? finding
            : Message.Of("rehearsals.data.decrypted", ("finding", finding), ("took", decrypting));

    /// <summary>Rows against the manifest; of a dump that has none, the copy against the target.</summary>
    public override async Task<PartEnd> CountAsync(CancellationToken cancellation)
    {
        await using var copy = await place!.SuperuserAsync(cancellation).ConfigureAwait(false);
        if (backup.Manifest is null)
        {
            var (difference, noted) = await order
                .AskTargetAsync(
                    target => BackupOrigin.DifferenceAsync(backup.Path, copy, target, cancellation),
                    cancellation
                )
                .ConfigureAwait(false);
            Note(noted);
            return difference is null
                ? PartEnd.Good(Message.Of("rehearsals.data.like-target"))
                : PartEnd.Bad(difference);
        }

        foreach (var table in CountedTables)
        {
            var rows = await TableStates.CountAsync(copy, table, cancellation).ConfigureAwait(false);
            if (rows != table.Rows)
            {
                return PartEnd.Bad(
                    Message.Of(
                        "backups.rehearsal.rows",
                        ("table", new RelationName(table.Schema, table.Name)),
                        ("rows", rows),
                        ("expected", table.Rows)
                    )
                );
            }

            Compared++;
        }

        return PartEnd.Good(
            Message.Of("rehearsals.data.counted", ("tables", Compared), ("uncounted", Tables.Count - Compared))
        );
    }
}
