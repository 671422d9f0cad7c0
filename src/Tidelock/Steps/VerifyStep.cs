using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// S5: nothing but the change has changed, the contract holds for every column of every row, and the content is the old one but for what
/// may differ.
/// </summary>
internal sealed class VerifyStep : IStep
{
    private static readonly TimeSpan LeastLimit = TimeSpan.FromMinutes(10);

    public const string StepName = "verify";

    public string Name => StepName;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        if (await SurprisesAsync(context, cancellation).ConfigureAwait(false) is { } surprises)
        {
            return surprises;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var lost = await CascadeLosses.FindAsync(context, session, cancellation).ConfigureAwait(false);
        if (lost.Count > 0)
        {
            return StepOutcome.Failed(
                Message.Of(
                    "steps.verify.cascade",
                    ("count", lost.Count),
                    ("objects", string.Join(", ", lost)),
                    ("line", context.Change.Section<Migration>().DropsLine(lost))
                )
            );
        }

        var contract = context.Change.Section<Contract>();
        if (contract.Relation is not null)
        {
            var drift = await ContractVerifier.ShapeAsync(session, contract, cancellation).ConfigureAwait(false);
            if (drift.Count > 0)
            {
                return Broken(contract, drift);
            }
        }

        var (compared, counts) = await CompareAsync(context, contract, cancellation).ConfigureAwait(false);
        var outcome = await HoldsAsync(context, session, contract, compared, counts, cancellation)
            .ConfigureAwait(false);
        return outcome.Result == StepResult.Passed && compared is { AsDeclared: false }
            ? StepOutcome.Failed(compared.Summary)
            : outcome;
    }

    private static async Task<StepOutcome> HoldsAsync(
        StepContext context,
        PostgresSession session,
        Contract contract,
        ContentFindings? compared,
        IReadOnlyList<long>? counts,
        CancellationToken cancellation
    )
    {
        if (contract.Relation is null)
        {
            return StepOutcome.Passed(compared?.Summary ?? Message.Of("steps.verify.no-contract"));
        }

        // Who lets a comparison take longer has a relation that takes longer.
        var bounds = context.Change.Section<CompareOptions>();
        var limit = bounds.Within > LeastLimit ? bounds.Within : LeastLimit;
        var read = new BoundedRead(session, limit, context.Time) { Temporary = bounds.Temporary };
        context.Report(Message.Of("steps.verify.reading", ("relation", contract.Relation)));
        var content = counts is null
            ? await ContractVerifier.ContentAsync(read, contract, cancellation).ConfigureAwait(false)
            : await ContractVerifier
                .RestAsync(read, contract, compared!.NewRows, counts, cancellation)
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

        if (!content.Hold)
        {
            return Broken(contract, content.Violations);
        }

        return StepOutcome.Passed(
            compared is null
                ? Message.Of("steps.verify.holds", ("relation", contract.Relation), ("rows", content.Rows))
                : Message.Of(
                    "steps.verify.holds-compared",
                    ("relation", contract.Relation),
                    ("rows", content.Rows),
                    ("compared", compared.Summary)
                )
        );
    }

    /// <summary>
    /// The old definition, as the baseline has it, against the relation as it is. The counts are the contract's, where every value was
    /// evaluated; null otherwise.
    /// </summary>
    private static async Task<(ContentFindings?, IReadOnlyList<long>?)> CompareAsync(
        StepContext context,
        Contract contract,
        CancellationToken cancellation
    )
    {
        var options = context.Change.Section<CompareOptions>();
        if (!options.IsDeclared)
        {
            return (null, null);
        }

        if (RunBaseline.Of(context) is not { Closure.Relation: { } old } baseline)
        {
            var unknown = new ContentFindings(
                RunBaseline.RelationOf(context.Change) ?? new RelationName("public", context.Change.Name),
                options.Key
            )
            {
                Problem = Message.Of("contracts.compare.no-before"),
            };
            return (unknown, null);
        }

        ContentSide[] sides = [ContentSide.Inlined(old.Definition, "pg_catalog"), ContentSide.Of(baseline.Relation)];
        var contents = context.Contents();
        var reader = ShadowComparison.ReaderOf(old);
        var problem = await EvaluationConsent
            .ProblemAsync(contents.OpenAsync, reader, options, sides, context.Time, cancellation)
            .ConfigureAwait(false);
        if (problem is not null)
        {
            return (new ContentFindings(baseline.Relation, options.Key) { Problem = problem }, null);
        }

        var isContracts = contract.Relation == baseline.Relation && options.Sample is null;
        var comparison = new ContentComparison(options, contents.OpenAsync, context.Time, context.Report)
        {
            Also = isContracts ? ContentEvaluation.Counts(contract) : [],
            CountsAllowed =
                context.As(RunBaseline.Step).Fact(ContentFindings.Fact, ContractsJson.Default.ContentFindings) is null,
        };
        var (findings, counts) = await comparison
            .CompareAsync(baseline.Relation, reader, sides[0], sides[1], cancellation)
            .ConfigureAwait(false);
        await context
            .RecordAsync(ContentFindings.Fact, findings, ContractsJson.Default.ContentFindings, cancellation)
            .ConfigureAwait(false);

        // The comparison reads what both sides have; what is new has not been evaluated yet.
        var isEvaluated = isContracts && findings.Columns.All(c => c.Standing != ContentStanding.Added);
        return (findings, isEvaluated ? counts : null);
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

    /// <summary>
    /// What changed besides the relation itself: a lost grant, a dropped dependent, another owner. Who holds any of it is waited for as long as
    /// for locks, and then it is not known: no reason to take the change back. What somebody's session has for itself does not count.
    /// </summary>
    private static async Task<StepOutcome?> SurprisesAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBaseline.Of(context) is not { } baseline)
        {
            return null;
        }

        var (seen, busy) = await PatientLook
            .AtAsync(
                context,
                baseline.Closure,
                session => DifferencesAsync(session, baseline, cancellation),
                cancellation
            )
            .ConfigureAwait(false);
        if (seen is null)
        {
            return StepOutcome.NeedsPerson(
                Message.Of("rollbacks.not-looked", ("relation", baseline.Relation), ("reason", busy))
            );
        }

        var migration = context.Change.Section<Migration>();
        var unexpected = ClosureComparison
            .Unexpected(seen.Differences, baseline.Relation)
            .Where(d => !migration.MayDrop(d, baseline.Relation))
            .ToList();
        if (unexpected.Count > 0)
        {
            return StepOutcome.Failed(
                Message.Of(
                    "steps.verify.surprises",
                    ("count", unexpected.Count),
                    ("differences", Several.Of(unexpected.Texts()))
                )
            );
        }

        var found = new RunBaseline(baseline.Relation, seen.Now, null);
        await RunBaseline.RecordVerifiedAsync(context, found, cancellation).ConfigureAwait(false);
        return null;
    }

    private static async Task<SeenClosure> DifferencesAsync(
        PostgresSession session,
        RunBaseline baseline,
        CancellationToken cancellation
    )
    {
        var now = await ClosureCapture.CaptureAsync(session, baseline.Relation, cancellation).ConfigureAwait(false);
        var differences = baseline.Closure is { } before
            ? await ClosureComparison
                .DifferencesAsync(session, before.Lasting, now.ClosureOrNull?.Lasting, cancellation)
                .ConfigureAwait(false)
            : [];
        return new SeenClosure(now.ClosureOrNull, differences);
    }

    /// <summary>What is there now, and in what it differs from what was there before.</summary>
    private sealed record SeenClosure(RelationClosure? Now, IReadOnlyList<ClosureDifference> Differences);
}
