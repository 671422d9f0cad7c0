using System.Collections.Concurrent;

namespace Tidelock.Gates.Approvals;

/// <summary>
/// Keeps a yes for a while: a run that waits for its planned start looks often, and places count how often they are asked. What was said
/// before the start counts up to it, and at the start everybody is asked anew.
/// </summary>
internal sealed class SourceAnswers
{
    private static readonly TimeSpan Holds = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<Question, Answer> kept = new();

    public async Task<SourceFinding> AskAsync(
        ApprovalSource source,
        GateContext context,
        ApprovalGround ground,
        CancellationToken cancellation
    )
    {
        var now = context.Time.GetUtcNow();
        var question = new Question(source, context.TargetEnvironment.Name, context.Change.Digest);
        if (
            context.StartsAt is { } start
            && kept.TryGetValue(question, out var answer)
            && now - answer.At < Holds
            && (now < start || answer.At >= start)
        )
        {
            return answer.Finding;
        }

        var finding = await source.AskAsync(context, ground, cancellation).ConfigureAwait(false);
        if (finding.Passed)
        {
            kept[question] = new Answer(finding, now);
        }

        return finding;
    }

    private sealed record Question(ApprovalSource Source, string Environment, string Digest);

    private sealed record Answer(SourceFinding Finding, DateTimeOffset At);
}
