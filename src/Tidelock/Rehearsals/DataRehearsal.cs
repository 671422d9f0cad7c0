using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>One rehearsal on a backup's data, part by part.</summary>
/// <param name="order">What is rehearsed, with a dump that pg_restore can read.</param>
/// <param name="watch">Told what begins and what is over.</param>
/// <param name="programs">Those of PostgreSQL.</param>
/// <param name="transaction">Makes the change.</param>
/// <param name="decrypting">How long it took to decrypt the dump, which belongs to restoring it; null for one that is not encrypted.</param>
/// <param name="time">The clock.</param>
internal sealed class DataRehearsal(
    DataRehearsalOrder order,
    RehearsalWatch watch,
    BackupPrograms programs,
    MigrationTransaction transaction,
    TimeSpan? decrypting,
    TimeProvider time
)
{
    private readonly Change change = order.Change;
    private readonly Migration migration = order.Change.Section<Migration>();
    private readonly string method = order.Change.Section<RollbackOptions>().Method;
    private readonly RelationName? relation = RunBaseline.RelationOf(order.Change);
    private readonly List<RehearsedPart> parts = [];
    private readonly List<Message> notes = [];
    private RestoredPlace? place;
    private RehearsedSubset? subset;
    private TimeSpan carried = decrypting ?? TimeSpan.Zero;
    private int compared;
    private string? closure;

    private IReadOnlyList<TableState> Tables => order.Backup.Manifest?.Tables ?? [];

    /// <param name="unopened">Why the dump cannot be read at all; null where it can.</param>
    /// <param name="limit">Ends it when it has taken too long, which is its finding then.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<RehearsalRecord> RunAsync(
        Message? unopened,
        CancellationToken limit,
        CancellationToken cancellation
    )
    {
        try
        {
            if (unopened is null)
            {
                await WalkAsync(limit).ConfigureAwait(false);
            }
            else
            {
                Over(RehearsalPart.Restore, false, null, unopened);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            var at = parts.Count == 0 ? RehearsalPart.Restore : parts[^1].Part + 1;
            Over(at, false, null, TooLong(order.Options));
        }
        finally
        {
            if (place is not null)
            {
                await place.DisposeAsync().ConfigureAwait(false);
            }
        }

        return Record();
    }

    public static Message TooLong(BackupOptions options) =>
        Message.Of("rehearsals.data.timeout", ("limit", options.Rehearsal.Within));

    private RehearsalRecord Record() =>
        new(order.Backup.Manifest?.Digest() ?? "", time.GetUtcNow(), parts[0].Took, compared, Tables.Count - compared)
        {
            ChangeDigest = change.Digest,
            By = order.By,
            Run = order.Run,
            Method = method,
            Environment = order.Environment,
            Closure = closure,
            Path = order.Backup.Path,
            TakenAt = order.TakenAt,
            Parts = parts,
            Subset = subset,
            Notes = notes,
        };

    private async Task WalkAsync(CancellationToken cancellation)
    {
        var asked = await order
            .AskTargetAsync(target => AskedAsync(target, cancellation), cancellation)
            .ConfigureAwait(false);
        closure = RehearsalRecord.ClosureOf(asked.Closure);
        if ((asked.Refusal ?? asked.Start.Problem) is { } problem)
        {
            Over(RehearsalPart.Restore, false, null, problem);
            return;
        }

        var what = asked.Restore!;
        subset = what.Tables.Count == 0 ? null : new([.. what.Tables.Select(t => $"{t}")], what.List.TablesWithData);
        if (
            await PartAsync(RehearsalPart.Restore, () => RestoredAsync(what, cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Counts, () => CountedAsync(cancellation)).ConfigureAwait(false)
        )
        {
            await WayAsync(what, asked.Start, asked.Closure, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>All that can be asked of the target before anything is restored.</summary>
    private async Task<Asked> AskedAsync(PostgresSession target, CancellationToken cancellation)
    {
        var start = new WayRehearsal(method, relation);
        var there = relation is null
            ? null
            : await ClosureCapture.CaptureAsync(target, relation, cancellation).ConfigureAwait(false);
        if (migration is ToolMigration tool)
        {
            start = await ToolRehearsal.AskAsync(tool, target, start, cancellation).ConfigureAwait(false);
        }

        var (what, refusal) = await RestoreOrders
            .ReadAsync(order, target, programs, cancellation)
            .ConfigureAwait(false);
        return new Asked(start, there?.ClosureOrNull, what, refusal);
    }

    private sealed record Asked(WayRehearsal Start, RelationClosure? Closure, RestoreOrder? Restore, Message? Refusal);

    private async Task<PartEnd> RestoredAsync(RestoreOrder what, CancellationToken cancellation)
    {
        var major = order.Backup.Manifest?.Identity.Major ?? what.List.ServerMajor ?? 0;
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
        notes.AddRange([.. what.LeftOut, .. place.Notes]);
        if (place.LoginProblem is { } login && problem is null)
        {
            if (RollbackOptions.Restores(method))
            {
                return PartEnd.Bad(login);
            }

            notes.Add(login);
        }

        if (servers.Major != major)
        {
            notes.Add(Message.Of("rehearsals.data.other-major", ("have", servers.Major), ("source", major)));
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
    private async Task<PartEnd> CountedAsync(CancellationToken cancellation)
    {
        carried = TimeSpan.Zero;
        await using var copy = await SuperuserAsync(cancellation).ConfigureAwait(false);
        if (order.Backup.Manifest is null)
        {
            var (difference, noted) = await order
                .AskTargetAsync(
                    target => BackupOrigin.DifferenceAsync(order.Backup.Path, copy, target, cancellation),
                    cancellation
                )
                .ConfigureAwait(false);
            notes.AddRange(noted);
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

            compared++;
        }

        return PartEnd.Good(
            Message.Of("rehearsals.data.counted", ("tables", compared), ("uncounted", Tables.Count - compared))
        );
    }

    private async Task WayAsync(
        RestoreOrder what,
        WayRehearsal start,
        RelationClosure? target,
        CancellationToken cancellation
    )
    {
        var copy = SchemaCopy.Of(place!, what.Clients, what.Roles);
        await using var walk = new DataWalk(
            order,
            copy,
            start,
            target,
            TablesToRead(),
            subset is not null,
            parts[0].Took,
            decrypting ?? TimeSpan.Zero,
            transaction,
            time
        );
        _ =
            await PartAsync(RehearsalPart.Before, () => walk.BeforeAsync(cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Migrate, () => walk.MigrateAsync(cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Verify, () => walk.VerifyAsync(cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Back, () => walk.BackAsync(place!, cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.FixPoints, () => walk.CompareAsync(cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Again, () => walk.AgainAsync(cancellation)).ConfigureAwait(false);
        notes.AddRange(walk.Notes);
    }

    /// <summary>The tables whose rows the change could touch: none where Tidelock itself replaces a view.</summary>
    private IReadOnlyList<RelationName> TablesToRead() =>
        migration is ViewMigration && method != "downgrade"
            ? []
            :
            [
                .. CountedTables
                    .Select(t => new RelationName(t.Schema, t.Name))
                    .Where(t => migration is not ToolMigration tool || !tool.IsRecord(t)),
            ];

    private IEnumerable<TableState> CountedTables =>
        Tables.Where(t =>
            t.Rows is not null
            && subset?.Tables.Contains($"{new RelationName(t.Schema, t.Name)}", StringComparer.Ordinal) != false
        );

    private Task<PostgresSession> SuperuserAsync(CancellationToken cancellation) =>
        place!.OpenAsync("postgres", cancellation);

    /// <summary>Whatever keeps a part from being done on the copy is its finding.</summary>
    private async Task<bool> PartAsync(RehearsalPart part, Func<Task<PartEnd>> run)
    {
        watch.Begins(part);
        var since = time.GetTimestamp();
        PartEnd end;
        try
        {
            end = await run().ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DiskFull && place is not null)
        {
            end = PartEnd.Bad(place.Full(e.MessageText));
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            end = PartEnd.Bad(
                Message.Of("backups.rehearsal.probe-failed", ("reason", e.MessageText), ("code", e.SqlState))
            );
        }
        catch (TargetLostException)
        {
            // It is no fault of the copy's: the run goes on in a new epoch.
            throw;
        }
        catch (TidelockException e) when (place is null)
        {
            end = PartEnd.Bad(e.Problem);
        }
        catch (Exception e) when (e is NpgsqlException or TidelockException)
        {
            end = PartEnd.Bad(await place!.LostAsync(e.Message).ConfigureAwait(false));
        }

        var whole = time.GetElapsedTime(since) + carried;
        var took = end.Took ?? whole;
        carried = whole > took ? whole - took : TimeSpan.Zero;
        Over(part, end.Passed, took, end.Finding);
        return end.Passed;
    }

    private void Over(RehearsalPart part, bool passed, TimeSpan? took, Message finding)
    {
        var over = new RehearsedPart(part, passed, took ?? TimeSpan.Zero, finding);
        parts.Add(over);
        watch.Over(over);
    }
}

/// <summary>How a part ended.</summary>
/// <param name="Passed">Whether it went as it must.</param>
/// <param name="Took">How long what it is about took; null for all of it. The rest belongs to the next part.</param>
/// <param name="Finding">What was found.</param>
internal sealed record PartEnd(bool Passed, TimeSpan? Took, Message Finding)
{
    public static PartEnd Good(Message finding) => new(true, null, finding);

    public static PartEnd Bad(Message finding) => new(false, null, finding);
}
