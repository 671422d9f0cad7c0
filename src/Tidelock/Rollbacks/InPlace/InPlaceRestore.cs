using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Backups.Restoring;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.InPlace;

/// <summary>A verified backup being restored over the run's database, after the rows that it would lose were saved where that was asked for.</summary>
/// <param name="context">Of the step <c>rollback.revert</c>.</param>
/// <param name="clients">What can read the backup.</param>
/// <param name="backup">Verified.</param>
/// <param name="jobs">How many jobs restore what does not fit into one transaction.</param>
internal sealed class InPlaceRestore(StepContext context, ClientPrograms clients, Backup backup, int jobs)
{
    internal const string IntentFact = "restore";
    internal const string EndFact = "restore-end";
    internal const string RescuedFact = "rescued";
    private const string ChildFact = "restore child";
    private const string NumbersFact = "sequences";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NumbersEvery = TimeSpan.FromSeconds(5);

    /// <summary>Sequences that were set on once the backup was there.</summary>
    private IReadOnlyList<RelationName> carried = [];

    /// <summary>Which numbers were given out by the last look; null before the first.</summary>
    private IReadOnlyList<SequenceStand>? numbers;

    /// <summary>When that was last journaled, or found to be so already.</summary>
    private long? numbersAt;

    /// <summary>Why some may not have been; null where all were.</summary>
    private Message? uncarried;

    /// <summary>May be called again after a crash: what an earlier start has begun is settled first.</summary>
    /// <param name="took">How long the restore took in rehearsal; null where that is not known.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<StepOutcome> RunAsync(TimeSpan? took, CancellationToken cancellation)
    {
        await EndOrphanAsync(cancellation).ConfigureAwait(false);
        var restorer = new BackupRestorer(clients, context.Time)
        {
            OnStarted = RecordAsync,
            OnTrying = KeepNumbersAsync,
            OnRestored = CarryNumbersAsync,
        };
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        if (Begun is { } begun && !IsOver(context, begun))
        {
            return begun.Jobs is not null
                    ? await EndedAsync(begun, RestoreFate.Halfway, Halfway()).ConfigureAwait(false)
                : await KeptAgainAsync(restorer, begun, session, cancellation).ConfigureAwait(false) is { } unsafely
                    ? StepOutcome.NeedsPerson(Message.Of("rollbacks.rescue.not-restored", ("problem", unsafely)))
                : await RestoreAsync(restorer, begun, cancellation).ConfigureAwait(false);
        }

        if (await InPlaceFit.ObstacleAsync(session, cancellation).ConfigureAwait(false) is { } obstacle)
        {
            return StepOutcome.NeedsPerson(obstacle);
        }

        if (await RescueAsync(session, cancellation).ConfigureAwait(false) is { } unsaved)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.rescue.not-restored", ("problem", unsaved)));
        }

        var tooLarge = await InPlaceFit.TooLargeAsync(session, took, jobs, cancellation).ConfigureAwait(false);
        var intent = await restorer.PrepareAsync(backup, session, cancellation).ConfigureAwait(false);
        intent = intent with { RollbackAt = context.State.Rollback!.At, Jobs = tooLarge is null ? null : jobs };
        await context
            .RecordAsync(IntentFact, intent, RollbacksJson.Default.RestoreIntent, cancellation)
            .ConfigureAwait(false);
        return await RestoreAsync(restorer, intent, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Whether an intent is an earlier rollback's that is known to have restored nothing, or half: then this one begins anew. People may have
    /// changed the same relations in between, so an earlier intent tells nothing any more.
    /// </summary>
    internal static bool IsOver(StepContext context, RestoreIntent intent) =>
        intent.RollbackAt is { } began
        && began != context.State.Rollback!.At
        && End(context) is { Fate: RestoreFate.NotRestored or RestoreFate.Halfway } end
        && end.RollbackAt == began;

    private RestoreIntent? Begun => context.Fact(IntentFact, RollbacksJson.Default.RestoreIntent);

    private static RestoreEnd? End(StepContext context) => context.Fact(EndFact, RollbacksJson.Default.RestoreEnd);

    private async Task<StepOutcome> RestoreAsync(
        BackupRestorer restorer,
        RestoreIntent intent,
        CancellationToken cancellation
    )
    {
        var locks = context.Change.Section<Migration>().Locks;
        var result = await restorer
            .RestoreAsync(backup, intent, context.Target, context.ApplicationName, locks, context.Report, cancellation)
            .ConfigureAwait(false);
        var finding = LostWords.With(result.Finding, carried);
        return await EndedAsync(
                intent,
                result.Fate,
                uncarried is null || result.Fate != RestoreFate.Restored
                    ? finding
                    : Message.Of("migrations.applied-but", ("applied", finding), ("remark", uncarried))
            )
            .ConfigureAwait(false);
    }

    private async Task<StepOutcome> EndedAsync(RestoreIntent intent, RestoreFate fate, Message finding)
    {
        await context
            .RecordAsync(
                EndFact,
                new RestoreEnd(intent.RollbackAt ?? context.State.Rollback!.At, fate),
                RollbacksJson.Default.RestoreEnd,
                CancellationToken.None
            )
            .ConfigureAwait(false);
        return fate switch
        {
            RestoreFate.Restored => StepOutcome.Passed(RescueWords.With(finding, Rescued)),
            RestoreFate.NotRestored => StepOutcome.NeedsPerson(finding),
            RestoreFate.Halfway or RestoreFate.Unknown => StepOutcome.NeedsPerson(RescueWords.With(finding, Rescued)),
        };
    }

    private Message Halfway() => Message.Of("backups.restore.cut-off", ("target", context.Target));

    /// <summary>The rows that were saved for this rollback, or for the one that stopped halfway before it.</summary>
    private RescuedRows? Rescued =>
        context.State.Rollback!.Rescues ? context.Fact(RescuedFact, RollbacksJson.Default.RescuedRows) : null;

    /// <summary>
    /// Journals which numbers were given out, before a restore takes the sequences back: once it is done nobody knows any more. Half a restore has taken
    /// some back already, so what was journaled before that counts too. Of many tries that get no lock only some journal it: this program knows it as well.
    /// </summary>
    private async Task KeepNumbersAsync(CancellationToken cancellation)
    {
        IReadOnlyList<SequenceStand> now = [];
        await WithNumbersAsync(
                async session => now = await SequenceStands.ReadAsync(session, cancellation).ConfigureAwait(false),
                cancellation
            )
            .ConfigureAwait(false);
        numbers = SequenceStands.Further(Numbers, now);
        if (numbersAt is { } at && context.Time.GetElapsedTime(at) < NumbersEvery)
        {
            return;
        }

        numbersAt = context.Time.GetTimestamp();
        if (!numbers.ToHashSet().SetEquals(Journaled))
        {
            await context
                .RecordAsync(NumbersFact, numbers, RollbacksJson.Default.IReadOnlyListSequenceStand, cancellation)
                .ConfigureAwait(false);
        }
    }

    private IReadOnlyList<SequenceStand> Numbers => numbers ?? Journaled;

    private IReadOnlyList<SequenceStand> Journaled =>
        context.Fact(NumbersFact, RollbacksJson.Default.IReadOnlyListSequenceStand) ?? [];

    private Task CarryNumbersAsync(CancellationToken cancellation) =>
        WithNumbersAsync(
            async session =>
                carried = await SequenceStands.CarryAsync(session, Numbers, cancellation).ConfigureAwait(false),
            cancellation
        );

    /// <summary>Whoever alters a sequence is waited for shortly: what cannot be looked at or set is told and holds nothing up.</summary>
    private async Task WithNumbersAsync(Func<PostgresSession, Task> act, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        await session
            .ExecuteAsync(
                "set default_transaction_read_only = off; set synchronous_commit = local; set lock_timeout = '2s'; set statement_timeout = '10s'",
                cancellation
            )
            .ConfigureAwait(false);
        try
        {
            await act(session).ConfigureAwait(false);
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            uncarried = Message.Of("rollbacks.sequences.not-carried", ("reason", e.MessageText));
        }
    }

    /// <summary>
    /// Where a restore had begun and changed nothing, saves the rows anew: a failover may have lost what was saved, and more was written since.
    /// </summary>
    private async Task<Message?> KeptAgainAsync(
        BackupRestorer restorer,
        RestoreIntent begun,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var fate = await restorer.FateAsync(backup, begun, session, cancellation).ConfigureAwait(false);
        return fate == RestoreFate.NotRestored ? await RescueAsync(session, cancellation).ConfigureAwait(false) : null;
    }

    /// <summary>
    /// Saves the rows where that is asked for, also after a crash once more: what was saved may be lost, and more may have been written. Where half
    /// of the backup was restored already, what was saved before that is all there is.
    /// </summary>
    /// <returns>Why they are not saved, and so nothing is restored; null otherwise.</returns>
    private async Task<Message?> RescueAsync(PostgresSession to, CancellationToken cancellation)
    {
        if (!context.State.Rollback!.Rescues)
        {
            return null;
        }

        if (End(context) is { Fate: RestoreFate.Halfway })
        {
            var (isLate, partly) = await LateAsync(to, cancellation).ConfigureAwait(false);
            if (isLate)
            {
                return partly;
            }
        }

        if (backup.Manifest is not { } manifest)
        {
            return Message.Of("rollbacks.rescue.no-snapshot");
        }

        await using var from = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var (rows, problem) = await RowRescue
            .SaveAsync(from, to, manifest, context.Run.Value, context.Report, cancellation)
            .ConfigureAwait(false);
        if (rows is not null)
        {
            await context
                .RecordAsync(
                    RescuedFact,
                    rows with
                    {
                        RollbackAt = context.State.Rollback.At,
                    },
                    RollbacksJson.Default.RescuedRows,
                    cancellation
                )
                .ConfigureAwait(false);
        }

        return problem;
    }

    /// <summary>
    /// Whether half of the backup was restored, so that nothing can be saved any more. A failover may have lost all of it, the side tables before the rest:
    /// where none of them is there, the rows are saved again, and where some are, nobody writes over those.
    /// </summary>
    private async Task<(bool IsLate, Message? Problem)> LateAsync(PostgresSession to, CancellationToken cancellation)
    {
        if (Rescued is not { } rescued)
        {
            context.Report(Message.Of("rollbacks.rescue.too-late"));
            return (true, null);
        }

        var gone = await RowRescue.GoneAsync(to, rescued, cancellation).ConfigureAwait(false);
        var isElsewhere = rescued.Place is { } place && place != RescuePlace.Of(context.State.Identity!);
        if (gone.Count == rescued.Saved.Count && (gone.Count > 0 || isElsewhere))
        {
            return (false, null);
        }

        if (gone.Count > 0)
        {
            return (
                true,
                Message.Of(
                    "rollbacks.rescue.partly-gone",
                    ("schema", rescued.Schema),
                    ("tables", LostWords.Names(gone))
                )
            );
        }

        context.Report(Message.Of("rollbacks.rescue.kept-from-before"));
        return (true, null);
    }

    private Task RecordAsync(StartedChild child) =>
        context.RecordAsync(ChildFact, child, RollbacksJson.Default.StartedChild, CancellationToken.None);

    /// <summary>Ends the pg_restore that an earlier start of this step left running here, and then what it had connected: it could have connected again.</summary>
    private async Task EndOrphanAsync(CancellationToken cancellation)
    {
        if (context.Fact(ChildFact, RollbacksJson.Default.StartedChild) is not { } child)
        {
            return;
        }

        await child.EndAsync(TimeSpan.FromSeconds(5), context.Time, cancellation).ConfigureAwait(false);
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        await OlderEpochs
            .EndAsync(session, context.Run.Value, context.State.Epoch, Patience, context.Time, cancellation)
            .ConfigureAwait(false);
    }
}
