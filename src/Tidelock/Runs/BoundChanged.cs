using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// A command about a bound of the watch was taken, and what became of the bound by it. Of the events of one wish the last one counts.
/// </summary>
/// <param name="CommandId">The inbox row that was taken.</param>
/// <param name="Wish">The inbox row that wanted the bound first; the same as <paramref name="CommandId"/> in the first event of a wish.</param>
/// <param name="InsteadOf">The criterion whose place it takes.</param>
/// <param name="Criterion">The criterion that is wanted.</param>
/// <param name="Reason">Why, in the words of who wants it.</param>
/// <param name="AskedBy">Who wants it.</param>
/// <param name="By">Who gave this command.</param>
/// <param name="Standing">Whether it counts.</param>
/// <param name="Finding">What happened, in words.</param>
public sealed record BoundChanged(
    string CommandId,
    string Wish,
    string InsteadOf,
    string Criterion,
    string Reason,
    string AskedBy,
    string By,
    BoundStanding Standing,
    Message Finding
) : RunEvent
{
    /// <summary>Why a bound is refused in a run that is not watching; asking again later may be no mistake.</summary>
    public const string NotWatching = "runs.bound.not-watching";

    public override RunState Apply(RunState state) =>
        state with
        {
            TakenCommands = state.TakenCommands.Add(CommandId),
            Bounds = state.Bounds.RemoveAll(b => string.Equals(b.Wish, Wish, StringComparison.Ordinal)).Add(this),
        };

    internal static BoundChanged Of(RunCommand row, BoundWish wish) =>
        new(
            row.Id,
            row.Id,
            wish.InsteadOf,
            wish.Criterion,
            wish.Reason,
            row.By,
            row.By,
            BoundStanding.Pending,
            Message.Of("runs.bound.pending")
        );
}

/// <summary>Whether a changed bound counts.</summary>
public enum BoundStanding
{
    /// <summary>It does.</summary>
    Applied,

    /// <summary>It is looser than the one before: a second person has to confirm it first.</summary>
    Pending,

    /// <summary>It cannot be judged in this watch, or there is nothing whose place it could take.</summary>
    Refused,

    /// <summary>It was taken back before it counted.</summary>
    Withdrawn,
}
