using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Runs;

/// <summary>
/// A command about a bound, when it is taken. A tighter bound counts at once; one that is looser, or of which that cannot be told, counts
/// when a second person has confirmed it.
/// </summary>
internal sealed class BoundCommand(RunCommand row, RunExecution execution)
{
    private readonly RunState state = execution.Writer.State;

    /// <summary>What is journaled when a command is taken: what became of a bound, or only that it was taken.</summary>
    public static RunEvent Taken(RunCommand row, RunExecution execution) =>
        new BoundCommand(row, execution).Change() as RunEvent
        ?? new CommandTaken(row.Id, row.Verb, row.By, row.Argument);

    /// <summary>What becomes of a bound; null where the command is about none.</summary>
    private BoundChanged? Change() =>
        row.Verb switch
        {
            RunVerb.Bound => BoundWish.Parse(row.Argument) is { } wish ? Wanted(wish) : null,
            RunVerb.Confirm => Waiting is { } bound ? Confirmed(bound) : null,
            RunVerb.Withdraw => Waiting is { } bound ? Now(bound, BoundStanding.Withdrawn, "withdrawn") : null,
            RunVerb.Rollback or RunVerb.Abort or RunVerb.Continue or RunVerb.Extend or RunVerb.Pause => null,
        };

    private BoundChanged? Waiting =>
        state.Bounds.Find(b =>
            b.Standing is BoundStanding.Pending && string.Equals(b.Wish, row.Argument, StringComparison.Ordinal)
        );

    private BoundChanged Wanted(BoundWish wish)
    {
        var bound = BoundChanged.Of(row, wish);
        var record = Record();
        return Problem(bound, record, out var wanted) is { } problem ? Refused(bound, problem)
            : IsLooser(bound, wanted!, record) ? Now(bound, BoundStanding.Pending, "pending")
            : Now(bound, BoundStanding.Applied, "tighter");
    }

    private BoundChanged Confirmed(BoundChanged bound) =>
        string.Equals(bound.AskedBy, row.By, StringComparison.OrdinalIgnoreCase)
            ? Now(bound, BoundStanding.Pending, "same-person")
        : Problem(bound, Record(), out _) is { } problem ? Refused(bound, problem)
        : Now(bound, BoundStanding.Applied, "confirmed");

    private BoundChanged Refused(BoundChanged bound, Message problem) =>
        Now(bound, BoundStanding.Refused, "pending") with
        {
            Finding = problem,
        };

    private BoundChanged Now(BoundChanged bound, BoundStanding standing, string what) =>
        bound with
        {
            At = default,
            CommandId = row.Id,
            By = row.By,
            Standing = standing,
            Finding = Message.Of(
                $"runs.bound.{what}",
                ("by", row.By),
                ("asked", bound.AskedBy),
                ("old", bound.InsteadOf),
                ("criterion", bound.Criterion),
                ("reason", bound.Reason)
            ),
        };

    /// <summary>The watch as it is judged now; of its samples only the baseline matters here.</summary>
    private WatchRecord Record() =>
        new(
            BoundChanges.Live(execution.Change.Section<WatchOptions>().With(state.Delays), state.Bounds),
            state.BaselineTicks.SelectMany(t => t.Samples),
            state.StartedAt
        );

    /// <summary>Why it cannot count; null when it can.</summary>
    private Message? Problem(BoundChanged bound, WatchRecord record, out Criterion? wanted)
    {
        wanted = null;
        var options = record.Options;
        IReadOnlyList<Criterion> all = [.. options.RollBackWhen, .. options.Healthy];
        if (state.Step("watch").Status is not StepStatus.Running)
        {
            return Message.Of(BoundChanged.NotWatching);
        }

        if (!all.Any(c => BoundChanges.Is(c, bound.InsteadOf)))
        {
            var known = string.Join("; ", all.Select(c => c.Text));
            return Message.Of("runs.bound.no-such", ("old", bound.InsteadOf), ("known", known));
        }

        var units = BoundChanges.Units(options);
        return !CriterionParser.TryParse(bound.Criterion, units, out wanted, out var problem, out _) ? problem
            : Unsuited(wanted, options) is { } unsuited ? unsuited.Problem
            : wanted.BaselineSignals.FirstOrDefault(s => !record.BaselineOf(s).IsUsable) is { } signal
                ? Message.Of("runs.bound.no-baseline", ("signal", signal))
            : null;
    }

    private CriterionFit? Unsuited(Criterion wanted, WatchOptions options) =>
        CriterionFit.Undeclared(
            wanted,
            execution.Change.Section<DownstreamChecks>(),
            execution.Change.Section<Contract>()
        ) ?? CriterionFit.Unsuited(wanted, options);

    private static bool IsLooser(BoundChanged bound, Criterion wanted, WatchRecord record)
    {
        bool IsLooserThan(Criterion criterion, bool mustHold) =>
            BoundChanges.Is(criterion, bound.InsteadOf) && Leniency.IsLooser(criterion, wanted, mustHold, record);
        return record.Options.RollBackWhen.Any(c => IsLooserThan(c, mustHold: false))
            || record.Options.Healthy.Any(c => IsLooserThan(c, mustHold: true));
    }
}
