using System.Text.Json;
using Tidelock.Contracts;
using Tidelock.Deployments;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>What a contract was held to, in one line of JSON.</summary>
internal sealed record ContractLine(
    string Relation,
    string Change,
    string Environment,
    string Target,
    bool Holds,
    long Rows,
    IReadOnlyList<ContractCheckPart> Checks
)
{
    public static ContractLine Of(DeploymentRequest request, ContractReport report, TextCatalog texts) =>
        new(
            report.Relation.ToString(),
            request.Change.Name,
            request.TargetEnvironment.Name,
            request.Target.ToString(),
            report.Holds,
            report.Rows,
            [
                .. report.Checks.Select(c => new ContractCheckPart(
                    texts.Render(c.Name),
                    c.Findings is null ? null : c.Findings.Count == 0,
                    [.. (c.Findings ?? []).Select(f => new PlanPart(f.Code, texts.Render(f)))]
                )),
            ]
        );

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.ContractLine);
}

/// <summary>One check; null where it was not made.</summary>
internal sealed record ContractCheckPart(string Name, bool? Holds, IReadOnlyList<PlanPart> Findings);
