using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Rollbacks.Beside;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Undoing;

/// <summary>
/// Takes a restore back: the database it had replaced gets its name again, with the change in it. What was written since the swap stays in
/// the restored one, which is kept and closed.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class UndoRollback(TimeProvider time) : IRollbackMethod
{
    internal const string MethodName = RollbackWay.Undo;

    public string Name => MethodName;

    public bool IsUndo => true;

    public bool IsRestore => true;

    public bool MayBeRepeated => false;

    public async Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation)
    {
        if (Obstacle(context.Run, context.State) is { } none)
        {
            return Unusable(none);
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        await using var outside = await BesideRollback.OutsideAsync(context, cancellation).ConfigureAwait(false);
        var (plan, obstacles) = await PlanAsync(context, outside, cancellation).ConfigureAwait(false);
        if (obstacles.Count > 0)
        {
            return Unusable(Several.All(obstacles));
        }

        var lost = await LostAsync(context, session, cancellation).ConfigureAwait(false);
        var cost = Message.Of(
            "rollbacks.undo.cost",
            ("name", plan.Name),
            ("beside", plan.Beside),
            ("kept", plan.Kept),
            ("rows", RowFigure.Of(lost.Whole, lost.AtLeast)),
            ("at", context.State.Swapped!.At),
            ("tables", LostWords.Of(lost, t => t.Rows != 0))
        );
        cost = await SavedBefore.WithAsync(session, cost, cancellation).ConfigureAwait(false);
        return new RollbackAssessment(Usable: true, cost, LosesWrites: true)
        {
            RowsLost = lost.Whole,
            AtLeast = lost.AtLeast,
        };
    }

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        if (context.State.Swapped?.At >= context.State.Rollback!.At)
        {
            return StepOutcome.Passed(context.State.Swapped.Finding);
        }

        if (Obstacle(context.Run, context.State) is { } none)
        {
            return StepOutcome.NeedsPerson(none);
        }

        await using (await context.OpenAsync(cancellation).ConfigureAwait(false)) { }
        await using var outside = await BesideRollback.OutsideAsync(context, cancellation).ConfigureAwait(false);
        var (plan, obstacles) = await PlanAsync(context, outside, cancellation).ConfigureAwait(false);
        if (obstacles.Count > 0)
        {
            return StepOutcome.NeedsPerson(Several.All(obstacles));
        }

        // What was granted or set since the restore holds on.
        var live = await DatabaseProperties.RequireAsync(outside, plan.Leaving, cancellation).ConfigureAwait(false);
        await DatabaseCopying.ApplyAsync(outside, live, plan.Coming, cancellation).ConfigureAwait(false);
        plan = await SavedBefore.InAsync(context, plan, cancellation).ConfigureAwait(false);
        var within = context.Change.Section<RollbackOptions>().SwapWithin;
        var problem = await new RunSwap(context, within)
            .RunAsync(outside, plan, live.Comment, cancellation)
            .ConfigureAwait(false);
        return problem is null ? StepOutcome.Passed(context.State.Swapped!.Finding) : StepOutcome.NeedsPerson(problem);
    }

    /// <summary>The name leads to the database of the plan: oids stay, so it has everything it had.</summary>
    public async Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return StepOutcome.Passed(Message.Of("rollbacks.undo.verified", ("name", context.Target.Database)));
    }

    /// <summary>Why there is nothing to take back; null where there is.</summary>
    internal static Message? Obstacle(RunId run, RunState state) =>
        BesideFacts.LastSwap(state) is { } last && state.Swapped?.Kept == SwapPlan.BeforeOf(last.Name, run.Value)
            ? null
            : Message.Of("rollbacks.undo.nothing");

    /// <summary>The swap that took place the other way round, or the plan an earlier start has made of it; the oids must be where it left them.</summary>
    private static async Task<(SwapPlan Plan, IReadOnlyList<Message> Obstacles)> PlanAsync(
        StepContext context,
        PostgresSession outside,
        CancellationToken cancellation
    )
    {
        var last = BesideFacts.LastSwap(context.State)!;
        var undone = SwapPlan.UndoneOf(last.Name, context.Run.Value);
        var coming = last.Kept == undone ? last.Coming : last.Leaving;
        var kept = await DatabaseProperties.ReadAsync(outside, coming, cancellation).ConfigureAwait(false);
        var plan =
            last.Kept == undone
                ? last
                : new SwapPlan(last.Name, last.Coming, undone, last.Leaving, last.Kept)
                {
                    ComingIsClosed = kept is { AllowsConnections: false },
                };
        var obstacles = await SwapObstacles
            .FindAsync(outside, plan.Leaving, [plan.Kept], 2, cancellation)
            .ConfigureAwait(false);
        return kept?.Name == plan.Beside
            ? (plan, obstacles)
            : (plan, [.. obstacles, Message.Of("rollbacks.undo.gone", ("kept", plan.Beside), ("oid", plan.Coming))]);
    }

    /// <summary>What was written into the restored database since it was proven.</summary>
    private async Task<LostWrites> LostAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    ) =>
        context.Fact(BesideFacts.Proven, RollbacksJson.Default.BesideProven) is { Tables: { } then } proven
        && context.State.Identity!.DatabaseOid == proven.Oid
            ? await LostWritesReader
                .SinceAsync(session, then, proven.Others, proven.Since, time, cancellation)
                .ConfigureAwait(false)
            : LostWrites.Unknown;

    private static RollbackAssessment Unusable(Message why) => new(Usable: false, why, LosesWrites: true);
}
