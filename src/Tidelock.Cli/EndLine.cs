using System.Text.Json;
using Tidelock.Deployments;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>How a command ended, in one line of JSON: always the last one with <c>--json</c>.</summary>
internal sealed record EndLine(ExitCode End, int ExitCode, string Code, string Text, string? Run)
{
    public static EndLine Of(DeploymentEnd end, TextCatalog texts) =>
        new(end.ExitCode, (int)end.ExitCode, end.Finding.Code, texts.Render(end.Finding), end.Run?.Value);

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.EndLine);
}
