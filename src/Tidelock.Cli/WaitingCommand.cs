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
    DateTimeOffset SentAt,
    WaitingFor WaitsFor
)
{
    /// <summary>The commands no program has taken, and the bounds no second person has confirmed.</summary>
    public static IReadOnlyList<WaitingCommand> All(RunId run, IReadOnlyList<RunCommand> inbox, RunState state) =>
        [
            .. RunCommand.Pending(inbox, state).Where(c => c.Verb is not RunVerb.Withdraw).Select(Of),
            .. state.Bounds.Where(b => b.Standing is BoundStanding.Pending).Select(b => Of(run, b)),
        ];

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.WaitingCommand);

    private static WaitingCommand Of(RunCommand command) =>
        new(
            command.Id,
            command.Run.Value,
            command.Verb,
            command.Argument,
            command.By,
            command.SentAt,
            WaitingFor.Program
        );

    private static WaitingCommand Of(RunId run, BoundChanged bound) =>
        new(
            bound.Wish,
            run.Value,
            RunVerb.Bound,
            new BoundWish(bound.InsteadOf, bound.Criterion, bound.Reason).Format(),
            bound.AskedBy,
            bound.At,
            WaitingFor.SecondPerson
        );
}

/// <summary>What ends the waiting.</summary>
internal enum WaitingFor
{
    Program,
    SecondPerson,
}
