using Tidelock.Migrations;
using Tidelock.Runs;

namespace Tidelock.Rollbacks;

/// <summary>What the outcome of a move means on the way back: whatever is not applied needs a person.</summary>
internal static class Reverting
{
    /// <summary>
    /// Carries a way back out. After a failover the step <c>rollback.revert</c> has asked where the database stands before it comes here, so
    /// that a try whose fate nobody knows any more is made again.
    /// </summary>
    public static ExactlyOnce Once(StepContext context, MigrationTransaction transaction, string method) =>
        new(context, transaction, "try " + method) { AfterFailover = _ => Task.FromResult<MigrationOutcome?>(null) };

    public static StepOutcome Outcome(MigrationOutcome outcome) =>
        outcome is MigrationOutcome.Applied
            ? StepOutcome.Passed(outcome.Finding)
            : StepOutcome.NeedsPerson(outcome.Finding);
}
