using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Backups.PgBackRest;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>A backup of pgBackRest, restored as a server of its own.</summary>
/// <param name="set">Which one.</param>
/// <param name="order">What is rehearsed with it.</param>
/// <param name="programs">Those of PostgreSQL.</param>
/// <param name="time">The clock.</param>
internal sealed class BackRestTrial(
    BackRestSet set,
    DataRehearsalOrder order,
    BackupPrograms programs,
    TimeProvider time
) : RestoreTrial
{
    private readonly string method = order.Change.Section<RollbackOptions>().Method;
    private RecoveryOrder? what;
    private RecoveredPlace? place;
    private ClientPrograms? clients;
    private IReadOnlyList<TableState> tables = [];

    public override string Path => set.Label;

    public override string Digest => set.Id;

    public override BackupPlace? Place => place;

    public override IReadOnlyList<TableState> Tables => tables;

    public override async Task<Message?> AskAsync(PostgresSession target, CancellationToken cancellation)
    {
        if (RollbackOptions.Restores(method))
        {
            return Message.Of("rehearsals.files.no-dump", ("method", method));
        }

        var folder = order.Options.Rehearsal.Folder ?? System.IO.Path.GetTempPath();
        if (!Directory.Exists(folder))
        {
            return Message.Of("rehearsals.data.no-folder", ("folder", folder));
        }

        var outside = await ForeignReads.FilledAsync(target, cancellation).ConfigureAwait(false);
        if (outside.Count > 0)
        {
            Note(Message.Of("rehearsals.files.not-refilled", ("views", string.Join(", ", outside))));
        }

        (what, var refusal) = await RecoveryOrder.ReadAsync(set, target, folder, cancellation).ConfigureAwait(false);
        return refusal;
    }

    public override async Task<PartEnd> RestoreAsync(CancellationToken cancellation)
    {
        var major = what!.Identity.Major;
        var servers = await programs.ServersAsync(major, cancellation).ConfigureAwait(false);
        if (servers.Major != major)
        {
            return PartEnd.Bad(Message.Of("backups.backrest.other-major", ("needed", major), ("have", servers.Major)));
        }

        clients = await programs.BetweenAsync(major, major, cancellation).ConfigureAwait(false);
        place = await RecoveredPlace
            .MakeAsync(
                servers,
                what,
                order.Options.Rehearsal,
                listens: order.Change.Section<Migration>() is ToolMigration,
                time,
                cancellation
            )
            .ConfigureAwait(false);
        var (took, problem) = await place.RestoreAsync(cancellation).ConfigureAwait(false);
        Note(place.Notes);
        if (problem is not null)
        {
            return PartEnd.Bad(problem);
        }

        Note(Message.Of("rehearsals.files.to-the-end", ("at", set.At)));
        return new PartEnd(
            true,
            took,
            Message.Of("rehearsals.files.restored", ("backup", set.Label), ("stanza", set.Stanza))
        );
    }

    /// <summary>pgBackRest counts no rows: that this is the target's copy is looked at, and the tables are read to their end.</summary>
    public override async Task<PartEnd> CountAsync(CancellationToken cancellation)
    {
        await using var copy = await place!.SuperuserAsync(cancellation).ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(copy, cancellation).ConfigureAwait(false);
        if (!identity.IsSameDatabase(what!.Identity))
        {
            return PartEnd.Bad(
                Message.Of(
                    "backups.backrest.other-server",
                    ("stanza", set.Stanza),
                    ("from", identity.SystemIdentifier),
                    ("expected", what.Identity.SystemIdentifier)
                )
            );
        }

        var relation = RunBaseline.RelationOf(order.Change);
        IReadOnlyList<RelationName> declared =
            order.Options.Count.Count > 0 ? order.Options.Count
            : relation is null ? []
            : [relation];
        var there = await TableStates.ReadAsync(copy, cancellation).ConfigureAwait(false);
        await copy.ExecuteAsync("set row_security = off; begin isolation level repeatable read read only", cancellation)
            .ConfigureAwait(false);
        tables = await TableStates.CountAsync(copy, there, declared, time, cancellation).ConfigureAwait(false);
        await copy.ExecuteAsync("commit", cancellation).ConfigureAwait(false);
        return PartEnd.Good(
            Message.Of(
                "rehearsals.files.read",
                ("tables", tables.Count(t => t.Rows is not null)),
                ("rows", tables.Sum(t => t.Rows ?? 0)),
                ("unread", tables.Count(t => t.Rows is null))
            )
        );
    }

    public override SchemaCopy Copy() => SchemaCopy.Of(place!, clients!, what!.Roles);
}
