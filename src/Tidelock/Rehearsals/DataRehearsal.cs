using Npgsql;
using Tidelock.Backups;
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
/// <param name="order">What is rehearsed.</param>
/// <param name="trial">With which backup.</param>
/// <param name="watch">Told what begins and what is over.</param>
/// <param name="transaction">Makes the change.</param>
/// <param name="time">The clock.</param>
internal sealed class DataRehearsal(
    DataRehearsalOrder order,
    RestoreTrial trial,
    RehearsalWatch watch,
    MigrationTransaction transaction,
    TimeProvider time
)
{
    private readonly Change change = order.Change;
    private readonly Migration migration = order.Change.Section<Migration>();
    private readonly string method = order.Change.Section<RollbackOptions>().Method;
    private readonly RelationName? relation = RunBaseline.RelationOf(order.Change);
    private readonly List<RehearsedPart> parts = [];
    private readonly List<Message> notes = [];
    private TimeSpan carried = trial.Beforehand;
    private string? closure;

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
            await trial.DisposeAsync().ConfigureAwait(false);
        }

        return Record();
    }

    public static Message TooLong(BackupOptions options) =>
        Message.Of("rehearsals.data.timeout", ("limit", options.Rehearsal.Within));

    private RehearsalRecord Record() =>
        new(trial.Digest, time.GetUtcNow(), parts[0].Took, trial.Compared, trial.Tables.Count - trial.Compared)
        {
            ChangeDigest = change.Digest,
            By = order.By,
            Run = order.Run,
            Method = method,
            Environment = order.Environment,
            Closure = closure,
            Path = trial.Path,
            TakenAt = order.TakenAt,
            Parts = parts,
            Subset = trial.Subset,
            Notes = [.. trial.Notes, .. notes],
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

        if (
            await PartAsync(RehearsalPart.Restore, () => trial.RestoreAsync(cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Counts, () => CountedAsync(cancellation)).ConfigureAwait(false)
        )
        {
            await WayAsync(asked.Start, asked.Closure, cancellation).ConfigureAwait(false);
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

        var refusal = await trial.AskAsync(target, cancellation).ConfigureAwait(false);
        return new Asked(start, there?.ClosureOrNull, refusal);
    }

    private sealed record Asked(WayRehearsal Start, RelationClosure? Closure, Message? Refusal);

    /// <summary>What was done after the restore, to let somebody in, is in no part.</summary>
    private Task<PartEnd> CountedAsync(CancellationToken cancellation)
    {
        carried = TimeSpan.Zero;
        return trial.CountAsync(cancellation);
    }

    private async Task WayAsync(WayRehearsal start, RelationClosure? target, CancellationToken cancellation)
    {
        await using var walk = new DataWalk(
            order,
            trial.Copy(),
            start,
            target,
            TablesToRead(),
            trial.Subset is not null,
            parts[0].Took,
            trial.Beforehand,
            transaction,
            time
        );
        _ =
            await PartAsync(RehearsalPart.Before, () => walk.BeforeAsync(cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Migrate, () => walk.MigrateAsync(cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Verify, () => walk.VerifyAsync(cancellation)).ConfigureAwait(false)
            && await PartAsync(RehearsalPart.Back, () => walk.BackAsync(trial.Place!, cancellation))
                .ConfigureAwait(false)
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
                .. trial
                    .CountedTables.Select(t => new RelationName(t.Schema, t.Name))
                    .Where(t => migration is not ToolMigration tool || !tool.IsRecord(t)),
            ];

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
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DiskFull && trial.Place is not null)
        {
            end = PartEnd.Bad(trial.Place.Full(e.MessageText));
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
        catch (TidelockException e) when (trial.Place is null)
        {
            end = PartEnd.Bad(e.Problem);
        }
        catch (Exception e) when (e is NpgsqlException or TidelockException)
        {
            end = PartEnd.Bad(await trial.Place!.LostAsync(e.Message).ConfigureAwait(false));
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
