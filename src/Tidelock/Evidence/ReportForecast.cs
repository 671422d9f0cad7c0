using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Runs;

namespace Tidelock.Evidence;

/// <summary>How long something was to take, beside how long it took.</summary>
/// <param name="Part">What.</param>
/// <param name="Foreseen">As rehearsed, or declared; null where nobody knew.</param>
/// <param name="Happened">As it was; null where it has not come to that.</param>
public sealed record ReportForecast(ForecastPart Part, TimeSpan? Foreseen, TimeSpan? Happened)
{
    internal static IReadOnlyList<ReportForecast> All(RunState state, RehearsalRecord? data)
    {
        var way = state.Fact("prerequisites", "way");
        List<ReportForecast> all =
        [
            new(
                ForecastPart.Migration,
                Took(data, RehearsalPart.Migrate) ?? Span(way, "forwardTook"),
                state.AppliedAt - state.Step("migrate").StartedAt
            ),
            new(ForecastPart.Watch, state.WatchFor, Took(state.Step("watch"))),
        ];
        if (state.Rollback is { } rollback)
        {
            var rehearsed =
                Is(data?.Method, rollback.Method) ? Took(data, RehearsalPart.Back)
                : Is(Text(way, "method"), rollback.Method) ? Span(way, "backTook")
                : null;
            all.Add(new(ForecastPart.WayBack, rehearsed, state.RevertedAt - rollback.At));
        }

        return [.. all.Where(f => f is { Foreseen: not null, Happened: not null })];
    }

    private static bool Is(string? one, string other) => string.Equals(one, other, StringComparison.Ordinal);

    private static TimeSpan? Took(StepState step) => step.EndedAt - step.StartedAt;

    /// <summary>Where all of the data were rehearsed on: a part of them takes less.</summary>
    private static TimeSpan? Took(RehearsalRecord? data, RehearsalPart part) =>
        data is { Subset: null } ? data.Parts.LastOrDefault(p => p.Part == part && p.Passed)?.Took : null;

    private static TimeSpan? Span(JsonElement? fact, string name) =>
        TimeSpan.TryParse(Text(fact, name), System.Globalization.CultureInfo.InvariantCulture, out var span)
            ? span
            : null;

    private static string? Text(JsonElement? fact, string name) =>
        fact is { ValueKind: JsonValueKind.Object } way
        && way.TryGetProperty(name, out var value)
        && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;
}

/// <summary>What is foreseen before a run.</summary>
public enum ForecastPart
{
    /// <summary>From the first try to the commit.</summary>
    Migration,

    /// <summary>How long the application is watched.</summary>
    Watch,

    /// <summary>From the decision to go back to the commit of that.</summary>
    WayBack,
}
