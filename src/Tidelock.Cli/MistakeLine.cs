using System.Text.Json;

namespace Tidelock.Cli;

/// <summary>A mistake in one line of JSON.</summary>
internal sealed record MistakeLine(string File, int Line, int Column, string Code, string Text)
{
    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.MistakeLine);
}
