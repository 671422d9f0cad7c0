using System.Text.Json;
using Tidelock.Evidence;

namespace Tidelock.Cli;

/// <summary>A run in one line of JSON, for <c>status --json</c>.</summary>
internal sealed record RunSummary(
    string Run,
    string? Change,
    string? Environment,
    string? Target,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    RunStanding Standing,
    bool InPlace
)
{
    public static RunSummary Of(RunReport report) =>
        new(
            report.Run,
            report.Header?.Change,
            report.Header?.Environment,
            report.Header?.Target,
            report.Header?.StartedAt,
            report.Header?.EndedAt,
            report.Outcome.Standing,
            report.Outcome.InPlace
        );

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.RunSummary);
}
