using Tidelock.Changes;
using Tidelock.Contracts;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>What does not hold, as workflow commands that GitHub Actions shows at the change's file.</summary>
internal static class GitHubAnnotations
{
    public static string Of(Change change, ContractReport report, TextCatalog texts)
    {
        var file = Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(change.Folder, "change.yaml"));
        return string.Concat(
            report
                .Checks.SelectMany(c =>
                    (c.Findings ?? [Message.Of("cli.contract.unread")]).Select(f => (c.Name, Finding: f))
                )
                .Select(p =>
                    $"::error file={Property(file)},title={Property($"{report.Relation}: {texts.Render(p.Name)}")}::{Data(texts.Render(p.Finding))}\n"
                )
        );
    }

    private static string Data(string text) =>
        text.Replace("%", "%25", StringComparison.Ordinal)
            .Replace("\r", "%0D", StringComparison.Ordinal)
            .Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) =>
        Data(text).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);
}
