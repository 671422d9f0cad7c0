using System.Text.Json;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>A step with everything it tried and recorded.</summary>
/// <param name="Step">Its name.</param>
/// <param name="Rollback">0 for the deployment, 1 for the steps of the first rollback, and so on.</param>
/// <param name="Attempts">Every try, in order.</param>
/// <param name="Facts">The last fact of each name, in the order in which they were first recorded.</param>
public sealed record ReportStep(
    string Step,
    int Rollback,
    IReadOnlyList<StepAttempt> Attempts,
    IReadOnlyList<ReportFact> Facts
)
{
    /// <summary>How its last try ended; null while it runs, and where it never ended.</summary>
    public StepResult? Result => Attempts.Count > 0 ? Attempts[^1].Result : null;

    public Message? Finding => Attempts.Count > 0 ? Attempts[^1].Finding : null;

    /// <summary>From the begin of the first try to the end of the last.</summary>
    public TimeSpan? Took => Attempts.Count > 0 ? Attempts[^1].EndedAt - Attempts[0].StartedAt : null;

    internal static IReadOnlyList<ReportStep> All(IEnumerable<RunEvent> events)
    {
        var steps = new List<ReportStep>();
        var rollback = 0;
        foreach (var e in events)
        {
            rollback += e is RollbackStarted ? 1 : 0;
            var change = ChangeBy(e);
            if (change is var (name, next))
            {
                Change(
                    steps,
                    name,
                    name.StartsWith(StepState.RollbackPrefix, StringComparison.Ordinal) ? rollback : 0,
                    next
                );
            }
        }

        return steps;
    }

    private static (string Step, Func<ReportStep, ReportStep> Next)? ChangeBy(RunEvent e) =>
        e switch
        {
            StepStarted started => (
                started.Step,
                s => s with { Attempts = [.. s.Attempts, new StepAttempt(started.Attempt, e.At, null, null, null)] }
            ),
            StepEnded ended => (ended.Step, s => s.Ended(ended)),
            FactRecorded fact => (fact.Step, s => s with { Facts = ReportFact.With(s.Facts, fact) }),
            _ => null,
        };

    private static void Change(List<ReportStep> steps, string name, int rollback, Func<ReportStep, ReportStep> next)
    {
        var at = steps.FindIndex(s => s.Rollback == rollback && string.Equals(s.Step, name, StringComparison.Ordinal));
        if (at < 0)
        {
            steps.Add(next(new ReportStep(name, rollback, [], [])));
        }
        else
        {
            steps[at] = next(steps[at]);
        }
    }

    private ReportStep Ended(StepEnded ended)
    {
        var last = Attempts.Count > 0 ? Attempts[^1] : new StepAttempt(1, ended.At, null, null, null);
        return this with
        {
            Attempts =
            [
                .. Attempts.SkipLast(1),
                last with
                {
                    EndedAt = ended.At,
                    Result = ended.Result,
                    Finding = ended.Finding,
                },
            ],
        };
    }
}

/// <summary>One try of a step. A try without an end was cut off: a crash, a stop.</summary>
public sealed record StepAttempt(
    int Attempt,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    StepResult? Result,
    Message? Finding
);

/// <summary>What a step or an extension recorded; opaque JSON of its owner.</summary>
/// <param name="Name">Its name.</param>
/// <param name="At">When it was last recorded.</param>
/// <param name="Times">How often it was recorded; only the last value is shown.</param>
/// <param name="Value">The last value.</param>
public sealed record ReportFact(string Name, DateTimeOffset At, int Times, JsonElement Value)
{
    internal static IReadOnlyList<ReportFact> With(IReadOnlyList<ReportFact> facts, FactRecorded fact)
    {
        var next = new ReportFact(fact.Name, fact.At, 1, fact.Value);
        return facts.Any(f => string.Equals(f.Name, fact.Name, StringComparison.Ordinal))
            ?
            [
                .. facts.Select(f =>
                    string.Equals(f.Name, fact.Name, StringComparison.Ordinal) ? next with { Times = f.Times + 1 } : f
                ),
            ]
            : [.. facts, next];
    }
}
