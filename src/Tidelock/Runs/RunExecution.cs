using System.Threading.Channels;
using Tidelock.Changes;
using Tidelock.Postgres;

namespace Tidelock.Runs;

/// <summary>One program's hold on a run in one epoch: everything the engine works with.</summary>
/// <param name="Run">The run.</param>
/// <param name="Change">What is deployed.</param>
/// <param name="TargetEnvironment">Where.</param>
/// <param name="Target">The database.</param>
/// <param name="Writer">The run's one writer.</param>
/// <param name="Observer">Who looks on.</param>
/// <param name="Requests">Commands, signals, loss of the lock.</param>
/// <param name="Answers">Where the engine puts what a person answered.</param>
/// <param name="Dialogue">The person at the terminal.</param>
/// <param name="Policy">What to do when the change must not stay.</param>
/// <param name="By">Who runs the program.</param>
/// <param name="Time">The clock.</param>
public sealed record RunExecution(
    RunId Run,
    Change Change,
    TargetEnvironment TargetEnvironment,
    PostgresTarget Target,
    IRunWriter Writer,
    IRunObserver Observer,
    ChannelReader<RunRequest> Requests,
    ChannelWriter<RunRequest> Answers,
    IRunDialogue Dialogue,
    RollbackPolicy Policy,
    string By,
    TimeProvider Time
)
{
    /// <summary>What keeps other runs off the database.</summary>
    internal RunLock? RunLock { get; init; }
}

/// <summary>What to do when the change must not stay.</summary>
/// <param name="Method">The way back.</param>
/// <param name="Automatic">At once, or after asking.</param>
/// <param name="AskFor">How long people are asked before it starts by itself.</param>
public sealed record RollbackPolicy(string Method, bool Automatic, TimeSpan AskFor);
