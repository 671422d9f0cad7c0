using Tidelock.Migrations;
using Tidelock.Runs;

namespace Tidelock.Rollbacks;

/// <summary>What the outcome of a move means on the way back: whatever is not applied needs a person.</summary>
internal static class Reverting
{
    public static StepOutcome Outcome(MigrationOutcome outcome) =>
        outcome is MigrationOutcome.Applied
            ? StepOutcome.Passed(outcome.Finding)
            : StepOutcome.NeedsPerson(outcome.Finding);
}
