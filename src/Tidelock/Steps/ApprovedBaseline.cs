using Tidelock.Gates;
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
        RunBaseline found,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var needed = context.Change.Section<GateOptions>().Approval;
        if (
            needed.Level != GateLevel.Required
            || context.State.Gates.GetValueOrDefault(ApprovalGate.Key) is not { Passed: true, Overridden: false }
        )
        {
            return null;
        }

        var words = await new WordBook(journal, context.Change.Digest, context.TargetEnvironment.Name)
            .ReadAsync(cancellation)
            .ConfigureAwait(false);
        var (valid, outdated) = await ApprovalGate
            .JudgeAsync(ApprovalGate.Approvals(words), found, session, cancellation)
            .ConfigureAwait(false);
        return valid.Count < needed.Required
            ? outdated ?? ApprovalGate.Missing(valid, needed.Required, context.Change, context.TargetEnvironment)
            : null;
    }
}
