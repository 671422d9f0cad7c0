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
    IReadOnlyList<PlanPart> Changes,
    IReadOnlyList<PlanPart> Kept,
    IReadOnlyList<PlanPart> Locks,
    IReadOnlyList<PlanPart> Content,
    IReadOnlyList<PlanPart> WayBack,
    IReadOnlyList<PlanPart> Surprises,
    IReadOnlyList<PlanGate> Gates
)
{
    public static PlanLine Of(DeploymentRequest request, DeploymentPlan plan, TextCatalog texts) =>
        new(
            request.Change.Name,
            request.Change.Digest,
            request.TargetEnvironment.Name,
            request.Target.ToString(),
            plan.Ready,
            Parts(plan.Change, texts),
            Parts(plan.Kept, texts),
            Parts(plan.Locks, texts),
            Parts(plan.Content, texts),
            Parts(plan.WayBack, texts),
            Parts(plan.Surprises, texts),
            [
                .. plan.Gates.Select(g => new PlanGate(
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

    private static IReadOnlyList<PlanPart> Parts(IReadOnlyList<Message> messages, TextCatalog texts) =>
        [.. messages.Select(m => new PlanPart(m.Code, texts.Render(m)))];

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.PlanLine);
}

/// <summary>A line of a plan.</summary>
internal sealed record PlanPart(string Code, string Text);

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
