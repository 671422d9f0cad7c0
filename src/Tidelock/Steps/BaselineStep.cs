using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Rehearsals;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>S3: what is there now — the relation with all that hangs on it, how long downstream reads take, how the signals stand.</summary>
internal sealed class BaselineStep(Ground ground, ProbeFactory probes, WayRehearser rehearser, IJournal journal) : IStep
{
    /// <summary>As long as the step verify may read; nobody waits for a count meanwhile.</summary>
    private static readonly TimeSpan CountLimit = TimeSpan.FromMinutes(10);

    public string Name => RunBaseline.Step;

    /// <summary>Not once the change has been tried: after a failover it is tried again, and what is there then is no baseline.</summary>
    public bool IsDueAgain(RunState state, DateTimeOffset now) =>
        !state.MayBeInPlace
        && state.Step(MigrateStep.StepName) is { Status: StepStatus.Pending, Attempts: 0 }
        && now - state.Step(Name).EndedAt > WatchRules.BaselineLasts;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        if (await ElsewhereAsync(context, cancellation).ConfigureAwait(false) is { } elsewhere)
        {
            return StepOutcome.Refused(elsewhere);
        }

        // First, so that they are not the signals of a server that counts and compares for this step.
        var seen = await SignalBaseline.MeasureAsync(context, ground, probes, cancellation).ConfigureAwait(false);
        var earlier = new EarlierBreach(context.Change.Section<WatchOptions>().With(context.State.Delays), seen);
        if (
            (SourceDelays.Unkept(context) ?? SignalBaseline.Blind(context) ?? BaselineFinding.Breached(earlier)) is
            { } unwatchable
        )
        {
            return StepOutcome.Refused(unwatchable);
        }

        var unfit = RunBaseline.RelationOf(context.Change) is { } relation
            ? await CaptureAsync(context, relation, cancellation).ConfigureAwait(false)
            : await ApprovedBaseline
                .ProblemAsync(context, journal, found: null, session: null, cancellation)
                .ConfigureAwait(false);
        if (unfit is not null)
        {
            return StepOutcome.Refused(unfit);
        }

        if (await CascadeLosses.ForeseeAsync(context, rehearser, cancellation).ConfigureAwait(false) is { } loss)
        {
            return StepOutcome.Refused(loss);
        }

        if (await CompareAsync(context, cancellation).ConfigureAwait(false) is { } difference)
        {
            return StepOutcome.Refused(difference);
        }

        if (await DownstreamAsync(context, cancellation).ConfigureAwait(false) is { } failing)
        {
            return StepOutcome.Refused(failing);
        }

        return StepOutcome.Passed(BaselineFinding.Done(context, earlier, CountLimit));
    }

    /// <summary>Why the change must not be made: its definition would read other relations than its author has in mind.</summary>
    private static async Task<Message?> ElsewhereAsync(StepContext context, CancellationToken cancellation)
    {
        if (context.Change.Section<Migration>() is not ViewMigration migration)
        {
            return null;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return await NamesElsewhere.FindAsync(session, migration, cancellation).ConfigureAwait(false);
    }

    private async Task<Message?> CaptureAsync(
        StepContext context,
        RelationName relation,
        CancellationToken cancellation
    )
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var found = await ClosureCapture.CaptureAsync(session, relation, cancellation).ConfigureAwait(false);
        if (found is CaptureResult.NotAView other)
        {
            return Message.Of("relations.not-a-view", ("relation", relation), ("kind", other.Kind));
        }

        var standing = new RunBaseline(relation, found.ClosureOrNull, null);
        var outdated = await ApprovedBaseline
            .ProblemAsync(context, journal, standing, session, cancellation)
            .ConfigureAwait(false);
        if (outdated is not null)
        {
            return outdated;
        }

        var (rows, refusal) = found.ClosureOrNull is null
            ? (null, null)
            : await RowCount
                .CountAsync(session, relation, CountLimit, context.Time, cancellation)
                .ConfigureAwait(false);
        if (refusal is not null)
        {
            return refusal;
        }

        var baseline = standing with { Rows = rows };
        await context
            .RecordAsync(RunBaseline.Fact, baseline, RollbacksJson.Default.RunBaseline, cancellation)
            .ConfigureAwait(false);
        return null;
    }

    /// <summary>Why the change must not be made: what it would make of the content is not what it declares, or is not known.</summary>
    private static async Task<Message?> CompareAsync(StepContext context, CancellationToken cancellation)
    {
        var ground = new ShadowGround(
            context.Change,
            RunBaseline.Of(context)?.Closure,
            context.OpenAsync,
            context.Contents().OpenAsync,
            context.Time,
            context.Report
        );
        var found = await ShadowComparison.RunAsync(ground, cancellation).ConfigureAwait(false);
        if (found?.Candidate is { } candidate)
        {
            await context
                .RecordAsync(CandidateFindings.Fact, candidate, ContractsJson.Default.CandidateFindings, cancellation)
                .ConfigureAwait(false);
        }

        if (found?.Findings is { } findings)
        {
            await context
                .RecordAsync(ContentFindings.Fact, findings, ContractsJson.Default.ContentFindings, cancellation)
                .ConfigureAwait(false);
        }

        return found is { Refuses: true } ? found.Lines[0] : null;
    }

    /// <summary>Why the change must not be made: what the watch would go back for is so already.</summary>
    private async Task<Message?> DownstreamAsync(StepContext context, CancellationToken cancellation)
    {
        var isJudged = context.Change.Section<WatchOptions>().Signals.Contains(BuiltInSignals.Downstream);
        var checks = context.Change.Section<DownstreamChecks>().Checks;
        foreach (var check in checks)
        {
            context.Report(Message.Of("checks.running", ("check", check.Name)));
            var (time, last) = await DownstreamTime
                .MeasureAsync(check, ground.Of(context, null), cancellation)
                .ConfigureAwait(false);
            await context
                .RecordAsync(DownstreamTime.FactOf(check.Name), time, StepsJson.Default.DownstreamTime, cancellation)
                .ConfigureAwait(false);
            if (isJudged && !last.Passed)
            {
                var what = last.IsAnswered ? "steps.baseline.downstream-fails" : "steps.baseline.downstream-unanswered";
                return Message.Of(what, ("finding", last.Finding));
            }
        }

        return null;
    }
}
