using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Deployments;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>A rehearsal in one line of JSON.</summary>
internal sealed record RehearsalLine(
    string Change,
    string Digest,
    string Environment,
    string Target,
    bool Passed,
    string? Backup,
    long Bytes,
    DateTimeOffset? TakenAt,
    DateTimeOffset At,
    string? By,
    string? Method,
    double? PromisedSeconds,
    double WholeSeconds,
    IReadOnlyList<RehearsalLinePart> Parts,
    RehearsedSubset? Subset,
    IReadOnlyList<PlanPart> Notes
)
{
    public static RehearsalLine Of(DeploymentRequest request, RehearsalRecord record, TextCatalog texts) =>
        new(
            request.Change.Name,
            request.Change.Digest,
            request.TargetEnvironment.Name,
            request.Target.ToString(),
            record.Passed,
            record.Path,
            record.Size,
            record.TakenAt,
            record.At,
            record.By,
            record.Method,
            record.Promised?.TotalSeconds,
            record.WholeTook.TotalSeconds,
            [
                .. record.Parts.Select(p => new RehearsalLinePart(
                    p.Part,
                    p.Passed,
                    p.Took.TotalSeconds,
                    p.Finding.Code,
                    texts.Render(p.Finding)
                )),
            ],
            record.Subset,
            [.. record.Notes.Select(n => new PlanPart(n.Code, texts.Render(n)))]
        );

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.RehearsalLine);
}

/// <summary>A part of it.</summary>
internal sealed record RehearsalLinePart(RehearsalPart Part, bool Passed, double Seconds, string Code, string Text);
