using System.Text.Json;
using Tidelock.Runs;

namespace Tidelock.Cli;

/// <summary>A command that waits, in one line of JSON, for <c>commands --json</c>.</summary>
internal sealed record WaitingCommand(
    string Id,
    string Run,
    RunVerb Verb,
    string Argument,
    string By,
    DateTimeOffset SentAt
)
{
    public static WaitingCommand Of(RunCommand command) =>
        new(command.Id, command.Run.Value, command.Verb, command.Argument, command.By, command.SentAt);

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.WaitingCommand);
}
