using Tidelock.Contracts;
using Tidelock.Deployments;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>A contract's checks as JUnit writes tests, which CI systems read. A check that was not made is an error, not a skipped one.</summary>
internal static class JUnitReport
{
    public static string Of(ContractReport report, DeploymentRequest request, TimeSpan took, TextCatalog texts) =>
        JUnitXml.Of([
            new JUnitSuite($"{report.Relation} ({request.Target})", [.. report.Checks.Select(c => Case(c, texts))])
            {
                Class = $"{request.Change.Name}.{request.TargetEnvironment.Name}",
                Took = took,
            },
        ]);

    private static JUnitCase Case(ContractCheck check, TextCatalog texts) =>
        new(texts.Render(check.Name))
        {
            Failure = check.Findings is [_, ..] found ? Problem(found, texts) : null,
            Error = check.Findings is null ? Problem([Message.Of("cli.contract.unread")], texts) : null,
        };

    private static (string, string) Problem(IReadOnlyList<Message> findings, TextCatalog texts) =>
        (findings[0].Code, string.Join("\n", findings.Select(texts.Render)));
}
