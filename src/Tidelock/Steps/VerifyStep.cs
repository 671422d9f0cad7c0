using Tidelock.Contracts;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S5: the contract holds for every column of every row, and nothing but the change has changed.</summary>
internal sealed class VerifyStep : IStep
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public string Name => "verify";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        if (await SurprisesAsync(context, session, cancellation).ConfigureAwait(false) is { } surprises)
        {
            return StepOutcome.Failed(surprises);
        }

        var contract = context.Change.Section<Contract>();
        if (contract.Relation is null)
        {
            return StepOutcome.Passed(Message.Of("steps.verify.no-contract"));
        }

        context.Report(Message.Of("steps.verify.reading", ("relation", contract.Relation)));
        var drift = await ContractVerifier.ShapeAsync(session, contract, cancellation).ConfigureAwait(false);
        if (drift.Count > 0)
        {
            return Broken(contract, drift);
        }

        var content = await ContractVerifier
            .ContentAsync(session, contract, Limit, context.Time, cancellation)
            .ConfigureAwait(false);
        if (content is { Hold: true, Rows: 0 } && RunBaseline.Of(context)?.Rows > 0)
        {
            return StepOutcome.Failed(
                Message.Of(
                    "steps.verify.emptied",
                    ("relation", contract.Relation),
                    ("rows", RunBaseline.Of(context)!.Rows)
                )
            );
        }

        return content.Hold
            ? StepOutcome.Passed(
                Message.Of("steps.verify.holds", ("relation", contract.Relation), ("rows", content.Rows))
            )
            : Broken(contract, content.Violations);
    }

    private static StepOutcome Broken(Contract contract, IReadOnlyList<Message> violations) =>
        StepOutcome.Failed(
            Message.Of(
                "steps.verify.broken",
                ("relation", contract.Relation),
                ("count", violations.Count),
                ("first", violations[0])
            )
        );

    /// <summary>What changed besides the relation itself: a lost grant, a dropped dependent, another owner.</summary>
    private static async Task<Message?> SurprisesAsync(
        StepContext context,
        Postgres.PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.Of(context) is not { Closure: { } before } baseline)
        {
            return null;
        }

        var now = await ClosureCapture.CaptureAsync(session, baseline.Relation, cancellation).ConfigureAwait(false);
        var differences = await ClosureComparison
            .DifferencesAsync(session, before, now.ClosureOrNull, cancellation)
            .ConfigureAwait(false);
        var unexpected = ClosureComparison.Unexpected(differences, baseline.Relation);
        return unexpected.Count == 0
            ? null
            : Message.Of(
                "steps.verify.surprises",
                ("count", unexpected.Count),
                ("differences", string.Join("; ", unexpected.Take(5).Select(d => d.Text)))
            );
    }
}
