using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Backups.Losses;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>
/// Restores the backup into a database beside the one in use, proves it there, and lets the two change their names. Readers are shut out once,
/// for a moment; the old database stays, so that it can be taken back.
/// </summary>
/// <param name="programs">Finds pg_restore.</param>
/// <param name="time">The clock.</param>
/// <param name="options">How a change's backups are decrypted, and by how many jobs they are restored.</param>
internal sealed class BesideRollback(BackupPrograms programs, TimeProvider time, Func<Change, BackupOptions> options)
    : IRollbackMethod
{
    internal const string MethodName = "backup";

    public string Name => MethodName;

    public bool IsRestore => true;

    /// <summary>After the swap nobody needs to ask what is there, and rows may still have to be saved.</summary>
    public bool HasBegun(StepContext context) => IsSwapped(context.State);

    public async Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBackup.Of(context) is not { } known)
        {
            return Unusable(Message.Of("rollbacks.backup.none"));
        }

        var backup = Backup.Open(known.Path);
        if (
            await RestorableBackup
                .UnreadableAsync(programs, options(context.Change), context, backup, cancellation)
                .ConfigureAwait(false) is
            { } problem
        )
        {
            return Unusable(problem);
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        await using var outside = await OutsideAsync(context, cancellation).ConfigureAwait(false);
        var obstacles = await ObstaclesAsync(context, outside, cancellation).ConfigureAwait(false);
        var room = await ServerRoom
            .LookAsync(session, backup.Manifest?.DatabaseSize, cancellation)
            .ConfigureAwait(false);
        if (room.Lacking is { } lacking && !IsBegun(context))
        {
            obstacles = [.. obstacles, lacking];
        }

        if (obstacles.Count > 0)
        {
            return Unusable(Several.All(obstacles));
        }

        var lost = backup.Manifest is { } manifest
            ? await LostWritesReader.ReadAsync(session, manifest, time, cancellation).ConfigureAwait(false)
            : LostWrites.Unknown;
        var size = await session
            .ScalarAsync<long>("select pg_database_size(current_database())", cancellation)
            .ConfigureAwait(false);
        var pooled = context.TargetEnvironment.PgBouncer.Length > 0;
        var cost = Message.Of(
            "rollbacks.beside.cost",
            ("path", backup.Path),
            ("name", context.Target.Database),
            ("took", (object?)known.RestoreTook ?? "?"),
            ("size", Sizes.Short(size)),
            ("rows", RowFigure.Of(lost.Whole, lost.AtLeast)),
            ("tables", LostWords.Of(lost, t => t.Rows != 0)),
            ("kept", Kept(context)),
            ("readers", Message.Of(pooled ? "rollbacks.beside.paused" : "rollbacks.beside.shut-out"))
        );
        var newer = lost.Tables.Where(t => t.IsNew || t.Falls).Select(t => t.Table).ToList();
        cost =
            newer.Count == 0
                ? cost
                : Message.Of("rollbacks.beside.newer", ("cost", cost), ("tables", LostWords.Names(newer)));
        cost = await UndumpedTables.WithAsync(session, cost, cancellation).ConfigureAwait(false);
        cost = await SavedBefore.WithAsync(session, cost, cancellation).ConfigureAwait(false);
        var assessment = new RollbackAssessment(Usable: true, cost, LosesWrites: true)
        {
            Takes = known.RestoreTook,
            RowsLost = lost.Whole,
            AtLeast = lost.AtLeast,
            Undoable = true,
        };
        return await RescueWords
            .OfferedAsync(assessment, session, backup.Manifest, context.Run, isInPlace: false, cancellation)
            .ConfigureAwait(false);
    }

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBackup.Of(context) is not { } known)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.backup.none"));
        }

        var backup = Backup.Open(known.Path);
        if (IsSwapped(context.State))
        {
            await using (await context.OpenAsync(cancellation).ConfigureAwait(false)) { }
            return StepOutcome.Passed(
                await BesideRescue
                    .WithAsync(context, backup.Manifest, context.State.Swapped!.Finding, cancellation)
                    .ConfigureAwait(false)
            );
        }

        var clients = await RestorableBackup
            .ClientsAsync(programs, context, backup, cancellation)
            .ConfigureAwait(false);
        var unverified = await RestorableBackup
            .UnverifiedAsync(clients, options(context.Change), context, known, cancellation)
            .ConfigureAwait(false);
        if (unverified is not null)
        {
            return StepOutcome.NeedsPerson(unverified);
        }

        if (await UnsavableAsync(context, backup, cancellation).ConfigureAwait(false) is { } unsavable)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.rescue.not-restored", ("problem", unsavable)));
        }

        await using var outside = await OutsideAsync(context, cancellation).ConfigureAwait(false);
        var obstacles = await ObstaclesAsync(context, outside, cancellation).ConfigureAwait(false);
        if (obstacles.Count > 0)
        {
            return StepOutcome.NeedsPerson(Several.All(obstacles));
        }

        var (plain, problem) = await PlainDump
            .OpenAsync(backup, options(context.Change), cancellation)
            .ConfigureAwait(false);
        using (plain)
        {
            return plain is null
                ? StepOutcome.NeedsPerson(problem!)
                : await RestoreAsync(context, outside, plain.Backup, clients, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>A change about no relation has no baseline: what was proven of the restored database before the swap is all there is.</summary>
    public async Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation)
    {
        if (BesideRescue.IsMissing(context))
        {
            return StepOutcome.NeedsPerson(context.State.Step(BesideFacts.Step).Finding!);
        }

        if (RunBaseline.Of(context) is not null)
        {
            return await RunBaseline.CompareAsync(context, cancellation).ConfigureAwait(false);
        }

        if (!IsSwapped(context.State))
        {
            var standing = await Standing.AskAsync(context, cancellation).ConfigureAwait(false);
            return standing.Where == Whereabouts.Before
                ? StepOutcome.Passed(standing.Finding)
                : StepOutcome.NeedsPerson(standing.Finding);
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return StepOutcome.Passed(Message.Of("rollbacks.beside.verified", ("name", context.Target.Database)));
    }

    /// <summary>
    /// Why the rows could not be saved after the swap, where that is asked for: nobody swaps first and finds out then. The session also proves that it is
    /// still the database of this run.
    /// </summary>
    private static async Task<Message?> UnsavableAsync(
        StepContext context,
        Backup backup,
        CancellationToken cancellation
    )
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return context.State.Rollback!.Rescues
            ? await RowRescue
                .ObstacleAsync(session, backup.Manifest, context.Run.Value, isInPlace: false, cancellation)
                .ConfigureAwait(false)
            : null;
    }

    /// <summary>Whether this rollback has swapped already.</summary>
    private static bool IsSwapped(RunState state) => state.Swapped?.At >= state.Rollback?.At;

    private async Task<StepOutcome> RestoreAsync(
        StepContext context,
        PostgresSession outside,
        Backup backup,
        ClientPrograms clients,
        CancellationToken cancellation
    )
    {
        var within = context.Change.Section<RollbackOptions>().SwapWithin;
        var leaving = context.State.Identity!.DatabaseOid;
        var model = await DatabaseProperties.RequireAsync(outside, leaving, cancellation).ConfigureAwait(false);
        var beside = new BesideDatabase(context, outside, clients);
        var (restored, failed) = await beside
            .RestoreAsync(backup, model, options(context.Change).Jobs, cancellation)
            .ConfigureAwait(false);
        if (restored is null)
        {
            return StepOutcome.NeedsPerson(failed!);
        }

        var wrong = await BesideProof
            .ProveAsync(context, beside.Target, backup, restored.Oid, cancellation)
            .ConfigureAwait(false);
        if (wrong is not null)
        {
            return StepOutcome.NeedsPerson(wrong);
        }

        // Somebody may have altered the one in use meanwhile.
        model = await DatabaseProperties.RequireAsync(outside, leaving, cancellation).ConfigureAwait(false);
        await DatabaseCopying.ApplyAsync(outside, model, restored.Oid, cancellation).ConfigureAwait(false);
        var plan = await SavedBefore
            .InAsync(context, new SwapPlan(model.Name, leaving, Kept(context), restored.Oid, beside.Name), cancellation)
            .ConfigureAwait(false);
        var problem = await new RunSwap(context, within)
            .RunAsync(outside, plan, model.Comment, cancellation)
            .ConfigureAwait(false);
        if (problem is not null)
        {
            return StepOutcome.NeedsPerson(problem);
        }

        var done = Message.Of(
            "rollbacks.beside.done",
            ("path", backup.Path),
            ("took", restored.Took),
            ("swapped", context.State.Swapped!.Finding)
        );
        return StepOutcome.Passed(
            await BesideRescue.WithAsync(context, backup.Manifest, done, cancellation).ConfigureAwait(false)
        );
    }

    private async Task<IReadOnlyList<Message>> ObstaclesAsync(
        StepContext context,
        PostgresSession outside,
        CancellationToken cancellation
    )
    {
        IEnumerable<string> names = IsBegun(context)
            ? [Kept(context)]
            : [Kept(context), SwapPlan.BesideOf(context.Run.Value)];
        return await SwapObstacles
            .FindAsync(
                outside,
                context.State.Identity!.DatabaseOid,
                names,
                options(context.Change).Jobs + 2,
                cancellation
            )
            .ConfigureAwait(false);
    }

    /// <summary>Then what is there of it is dropped or used, and room is asked for right before it is made again.</summary>
    private static bool IsBegun(StepContext context) =>
        context.Fact(BesideFacts.Begun, RollbacksJson.Default.BesideBegun) is not null;

    private static string Kept(StepContext context) => SwapPlan.BeforeOf(context.Target.Database, context.Run.Value);

    internal static Task<PostgresSession> OutsideAsync(StepContext context, CancellationToken cancellation) =>
        PostgresSession.OpenAsync(context.Target.WithDatabase("postgres"), context.ApplicationName, cancellation);

    private static RollbackAssessment Unusable(Message why) => new(Usable: false, why, LosesWrites: true);
}
