using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tidelock.Backups;
using Tidelock.Contracts;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>A comparison of the old content with the new.</summary>
/// <param name="Step">Which step made it: <c>baseline</c> before the change, <c>verify</c> after it.</param>
/// <param name="Findings">What was found.</param>
public sealed record ReportContent(string Step, ContentFindings Findings)
{
    /// <summary>In one sentence.</summary>
    public Message Summary => Findings.Summary;

    /// <summary>The last of every step. One that cannot be read is still among the step's facts.</summary>
    internal static IReadOnlyList<ReportContent> All(IEnumerable<RunEvent> events) =>
        [
            .. events
                .OfType<FactRecorded>()
                .Where(f => string.Equals(f.Name, ContentFindings.Fact, StringComparison.Ordinal))
                .GroupBy(f => f.Step, StringComparer.Ordinal)
                .Select(s => (s.Key, Findings: TryRead(s.Last().Value, ContractsJson.Default.ContentFindings)))
                .Where(s => s.Findings is not null)
                .Select(s => new ReportContent(s.Key, s.Findings!)),
        ];

    /// <summary>The last trial of a new definition.</summary>
    internal static CandidateFindings? Candidate(IEnumerable<RunEvent> events) =>
        events
            .OfType<FactRecorded>()
            .LastOrDefault(f => string.Equals(f.Name, CandidateFindings.Fact, StringComparison.Ordinal))
            is { } fact
            ? TryRead(fact.Value, ContractsJson.Default.CandidateFindings)
            : null;

    /// <summary>The last rehearsal on the backup's data.</summary>
    internal static RehearsalRecord? Rehearsed(IEnumerable<RunEvent> events) =>
        events.OfType<FactRecorded>().LastOrDefault(f => f is { Step: "backup", Name: RehearsalRecord.Fact })
            is { } fact
            ? TryRead(fact.Value, BackupJson.Default.RehearsalRecord)
            : null;

    private static T? TryRead<T>(JsonElement fact, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return fact.Deserialize(type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
