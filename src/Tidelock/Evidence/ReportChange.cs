using System.Text.Json;
using Tidelock.Relations;
using Tidelock.Runs;

namespace Tidelock.Evidence;

/// <summary>Something about the relation, or what hangs on it, that is another since the change was made, or was to be.</summary>
/// <param name="Relation">Of which relation.</param>
/// <param name="What">What, in SQL's words.</param>
/// <param name="Before">How it was; null for something new.</param>
/// <param name="After">How it is, or was to be; null for something that is gone.</param>
/// <param name="Standing">Whether the rehearsal that the run was started on had shown it.</param>
public sealed record ReportChange(string Relation, string What, string? Before, string? After, ChangeStanding Standing)
{
    /// <summary>The relation as the baseline has it against what was verified; none before that, and for a change that is about no relation.</summary>
    internal static IReadOnlyList<ReportChange> All(RunState state)
    {
        if (
            state.Fact("verify", "closure") is not { } verified
            || state.Fact("baseline", "closure") is not { } baseline
        )
        {
            return [];
        }

        try
        {
            var foreseen = Foreseen(state);
            var happened = Whole(ClosureComparison.Differences(Closure(baseline), Closure(verified)));
            return
            [
                .. happened.Select(d => Of(d, StandingOf(d, foreseen))),
                .. (foreseen ?? [])
                    .Where(f => !happened.Any(d => IsSame(f, d)))
                    .Select(f => Of(f, ChangeStanding.NotCome)),
            ];
        }
        catch (JsonException)
        {
            // It stands among the facts of its step all the same.
            return [];
        }
    }

    private static ReportChange Of(ClosureDifference d, ChangeStanding standing) =>
        new($"{d.Relation}", d.What, d.Before, d.After, standing);

    private static ChangeStanding StandingOf(ClosureDifference happened, IReadOnlyList<ClosureDifference>? foreseen) =>
        foreseen is null ? ChangeStanding.Untold
        : foreseen.Any(f => IsSame(f, happened)) ? ChangeStanding.AsForeseen
        : ChangeStanding.Unforeseen;

    /// <summary>Of a definition the plan keeps that it becomes another one, and not its text.</summary>
    private static bool IsSame(ClosureDifference one, ClosureDifference other) =>
        one.Relation == other.Relation
        && one.Part == other.Part
        && string.Equals(one.What, other.What, StringComparison.Ordinal)
        && (one.Part is ClosurePart.Definition || string.Equals(one.After, other.After, StringComparison.Ordinal));

    private static IReadOnlyList<ClosureDifference>? Foreseen(RunState state) =>
        state.Fact("prerequisites", "way") is { ValueKind: JsonValueKind.Object } way
        && way.TryGetProperty("changes", out var changes)
            ? Whole(changes.Deserialize(RelationsJson.Default.IReadOnlyListClosureDifference)!)
            : null;

    /// <summary>Of a relation that came or went, that alone; whether a materialized view is filled is no difference of its shape.</summary>
    private static List<ClosureDifference> Whole(IReadOnlyList<ClosureDifference> differences)
    {
        var existence = differences
            .Where(d => d.Part is ClosurePart.Existence)
            .GroupBy(d => d.Relation)
            .Where(g => g.Count() == 1)
            .Select(g => g.Key)
            .ToHashSet();
        return
        [
            .. differences.Where(d =>
                d.Part is not ClosurePart.Populated
                && (d.Part is ClosurePart.Existence || !existence.Contains(d.Relation))
            ),
        ];
    }

    private static RelationClosure? Closure(JsonElement fact) =>
        fact.TryGetProperty("closure", out var closure)
            ? closure.Deserialize(RelationsJson.Default.RelationClosure)?.Lasting
            : null;
}

/// <summary>How something that changed stands to what was planned.</summary>
public enum ChangeStanding
{
    AsForeseen,
    Unforeseen,

    /// <summary>It was to change, and did not.</summary>
    NotCome,

    /// <summary>What was to change was not kept.</summary>
    Untold,
}
