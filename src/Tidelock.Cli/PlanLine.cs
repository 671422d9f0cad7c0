using System.Text.Json;
using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>A plan in one line of JSON.</summary>
internal sealed record PlanLine(
    string Change,
    string Digest,
    string Environment,
    string Target,
    bool Ready,
    IReadOnlyList<PlanGate> Gates
)
{
    public static PlanLine Of(DeploymentRequest request, IReadOnlyList<GateStanding> gates, TextCatalog texts) =>
        new(
            request.Change.Name,
            request.Change.Digest,
            request.TargetEnvironment.Name,
            request.Target.ToString(),
            !gates.Any(g => g.Refuses),
            [
                .. gates.Select(g => new PlanGate(
                    g.Name,
                    g.Level,
                    g.Passed,
                    g.Overridden,
                    g.By,
                    g.Finding.Code,
                    texts.Render(g.Finding)
                )),
            ]
        );

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.PlanLine);
}

/// <summary>A gate of a plan.</summary>
internal sealed record PlanGate(
    string Gate,
    GateLevel Level,
    bool Passed,
    bool Overridden,
    string? By,
    string Code,
    string Text
);
