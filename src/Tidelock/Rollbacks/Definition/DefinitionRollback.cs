using Tidelock.Migrations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Definition;

/// <summary>The exact restore of what was there before: definition, owner, grants, comments, dependents. Loses no data, and nothing of what others did since that fits.</summary>
internal sealed class DefinitionRollback(MigrationTransaction transaction) : IRollbackMethod
{
    public string Name => "definition";

    public Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation) =>
        Task.FromResult(
            RunBaseline.Of(context) is { } baseline
                ? new RollbackAssessment(true, Cost(baseline), LosesWrites: false)
                {
                    Takes = RehearsedWay.BackBy(Name, context.State),
                }
                : new RollbackAssessment(false, Message.Of("rollbacks.no-baseline"), LosesWrites: false)
        );

    /// <summary>Materialized views at any depth have other rows afterwards than before the change, and each is named.</summary>
    internal static Message Cost(RunBaseline baseline)
    {
        var filled = baseline.Closure?.All.Where(r => r.IsFilled).Select(r => r.Name).ToList() ?? [];
        return filled.Count == 0
            ? Message.Of("rollbacks.definition.cost", ("relation", baseline.Relation))
            : Message.Of(
                "rollbacks.definition.cost-filled",
                ("relation", baseline.Relation),
                ("views", string.Join(", ", filled))
            );
    }

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBaseline.Of(context) is not { } baseline)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.no-baseline"));
        }

        var outcome = await Reverting
            .ByDefinitionAsync(context, transaction, Name, baseline, cancellation)
            .ConfigureAwait(false);
        return Reverting.Outcome(outcome);
    }

    public Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation) =>
        RunBaseline.CompareAsync(context, cancellation);
}
