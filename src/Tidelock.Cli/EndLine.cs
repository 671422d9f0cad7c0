using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Cli.Rendering;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>How a command ended, in one line of JSON: always the last one of a run with <c>--json</c>, and of whatever goes wrong.</summary>
internal sealed record EndLine(ExitCode End, int ExitCode, string Code, string Text, string? Run, string? Evidence)
{
    /// <summary>What is in place, and what is not; only where something stopped.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Safe { get; init; }

    /// <summary>Commands as they are typed, the best first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Next { get; init; }

    /// <summary>Whom to call, by role.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Contacts { get; init; }

    /// <summary>The same with what a person needs who finds it stopped.</summary>
    public EndLine With(StopAdvice? advice, TextCatalog texts) =>
        advice is null
            ? this
            : this with
            {
                Safe = texts.Render(advice.Safe),
                Next = [.. advice.Next.Select(n => n.Command)],
                Contacts = advice.Contacts,
            };

    public static EndLine Of(DeploymentEnd end, TextCatalog texts) =>
        Of(end.ExitCode, end.Finding, texts) with
        {
            Run = end.Run?.Value,
        };

    public static EndLine Of(ExitCode exitCode, Message finding, TextCatalog texts) =>
        new(exitCode, (int)exitCode, finding.Code, texts.Render(finding), null, null);

    /// <summary>Ends a command whose mistakes were shown.</summary>
    public static ExitCode PrintMistaken(VerbContext context)
    {
        if (context.Json)
        {
            Of(Tidelock.ExitCode.Mistake, Message.Of("cli.mistakes"), context.Texts).Print(context.Terminal);
        }

        return Tidelock.ExitCode.Mistake;
    }

    /// <summary>Ends a command with one finding: a result where it is done, a problem where it is not, a line of JSON where that was asked for.</summary>
    public static ExitCode Show(VerbContext context, ExitCode exitCode, Message finding)
    {
        if (context.Json)
        {
            Of(exitCode, finding, context.Texts).Print(context.Terminal);
        }
        else if (exitCode == Tidelock.ExitCode.Done)
        {
            context.Terminal.Say(finding);
        }
        else
        {
            context.Terminal.Problem(finding);
        }

        return exitCode;
    }

    public void Print(Terminal terminal) => terminal.Print(ToJson() + "\n");

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.EndLine);
}
