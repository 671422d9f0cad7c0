using Tidelock.Gates;
using Tidelock.Gates.Approvals;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// A backup may have taken hours since the gates passed: what people approved must be what the change begins from, and nobody may have
/// withdrawn it.
/// </summary>
internal static class ApprovedBaseline
{
    /// <summary>Why the approvals count no more; null where they do, or none was needed or it was passed over.</summary>
    public static async Task<Message?> ProblemAsync(
        StepContext context,
        IJournal journal,
        RunBaseline? found,
        PostgresSession? session,
        CancellationToken cancellation
    )
    {
        var needed = context.Change.Section<GateOptions>().Approval;
        if (
            needed.Level != GateLevel.Required
            || context.State.Gates.GetValueOrDefault(ApprovalGate.Key) is not { Passed: true } gate
            || gate.Finding.Code == Checklist.PassedOver
        )
        {
            return null;
        }

        var words = await new WordBook(journal, context.Change.Digest, context.TargetEnvironment.Name)
            .ReadAsync(cancellation)
            .ConfigureAwait(false);
        var ground = await new ApprovalGround(context.Change, context.TargetEnvironment.Name, context.Time.GetUtcNow())
        {
            Executors = [context.State.Started!.By, .. context.State.TakenBy],
            Target = ShownRelation.DatabaseOf(context.State.Identity!),
            Relation = found,
            Session = session,
        }
            .WithAuthorAsync(context.Time, cancellation)
            .ConfigureAwait(false);
        var verdict = await new ApprovalJudge(ground).JudgeAsync(words, cancellation).ConfigureAwait(false);
        return verdict.Suffices(needed.Required) ? null : ApprovalGate.Refused(verdict, ground, []);
    }
}
