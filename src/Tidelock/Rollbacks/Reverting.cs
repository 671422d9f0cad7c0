using Tidelock.Migrations;
using Tidelock.Runs;

namespace Tidelock.Rollbacks;

/// <summary>What the outcome of a move means on the way back: whatever is not applied needs a person.</summary>
internal static class Reverting
{
    private const int Looks = 5;

    /// <summary>
    /// Carries a way back out. After a failover the step <c>rollback.revert</c> has asked where the database stands before it comes here, so
    /// that a try whose fate nobody knows any more is made again.
    /// </summary>
    public static ExactlyOnce Once(StepContext context, MigrationTransaction transaction, string method) =>
        new(context, transaction, "try " + method) { AfterFailover = _ => Task.FromResult<MigrationOutcome?>(null) };

    /// <summary>
    /// Puts back what was there before by its definition. Others may go on until the locks are held: then what they did is looked at once
    /// more.
    /// </summary>
    public static async Task<MigrationOutcome> ByDefinitionAsync(
        StepContext context,
        MigrationTransaction transaction,
        string method,
        RunBaseline baseline,
        CancellationToken cancellation
    )
    {
        var isKnown = true;
        for (var look = 1; ; look++)
        {
            var later = isKnown ? RunLater.Of(context) : null;
            var move = new ClosureMove(baseline.Relation, baseline.Closure, later)
            {
                Expected = RunLater.IsHalfway(context) ? null : later?.Found,
            };
            var outcome = await Once(context, transaction, method)
                .RunAsync(move, context.Change.Section<Migration>().Locks, cancellation)
                .ConfigureAwait(false);
            if (!move.IsOutdated || look == Looks)
            {
                return outcome;
            }

            isKnown = await RunLater.RecordAsync(context, isOutdated: true, cancellation).ConfigureAwait(false);
        }
    }

    public static StepOutcome Outcome(MigrationOutcome outcome) =>
        outcome is MigrationOutcome.Applied
            ? StepOutcome.Passed(outcome.Finding)
            : StepOutcome.NeedsPerson(outcome.Finding);
}
