using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Backups;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>What was foreseen of a part, beside how it was: how long it takes, or in words.</summary>
/// <param name="Part">What.</param>
/// <param name="Foreseen">As rehearsed, or declared; null where nobody knew, and where it is no time.</param>
/// <param name="Happened">As it was; null where it has not come to that, and where it is no time.</param>
public sealed record ReportForecast(ForecastPart Part, TimeSpan? Foreseen, TimeSpan? Happened)
{
    /// <summary>What was foreseen, where it is no time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Message? ForeseenWords { get; init; }

    /// <summary>How it was, where it is no time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Message? HappenedWords { get; init; }

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

        return
        [
            .. all.Where(f => f is { Foreseen: not null, Happened: not null }),
            .. InWords(ForecastPart.Locks, Locked(way), state.Step("migrate").Finding),
            .. InWords(
                ForecastPart.Losses,
                state.Gates.GetValueOrDefault("rollback")?.Finding,
                state.Step("rollback.revert").Finding ?? PointOfNoReturn.Of(state)?.Finding
            ),
        ];
    }

    private static IEnumerable<ReportForecast> InWords(ForecastPart part, Message? foreseen, Message? happened) =>
        foreseen is null || happened is null
            ? []
            : [new(part, null, null) { ForeseenWords = foreseen, HappenedWords = happened }];

    /// <summary>What nobody can read meanwhile; null where that was not kept.</summary>
    private static Message? Locked(JsonElement? way) =>
        way is { ValueKind: JsonValueKind.Object } kept
        && kept.TryGetProperty("locked", out var locked)
        && locked.ValueKind is JsonValueKind.Array
            ? locked.GetArrayLength() == 0
                ? Message.Of("evidence.forecast.nothing-locked")
                : Message.Of(
                    "evidence.forecast.locked",
                    ("relations", string.Join(", ", locked.EnumerateArray().Select(r => r.GetString())))
                )
            : null;

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

    /// <summary>What nobody can read while the change is made.</summary>
    Locks,

    /// <summary>What going back takes, and loses.</summary>
    Losses,
}
