using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Policies;
using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Runs;

/// <summary>
/// What happened in a run. The family is closed and its JSON is a public contract: kinds are added, never changed. Each event
/// applies itself to the state, and the state is nothing but the fold of a run's events.
/// </summary>
[JsonPolymorphic(
    TypeDiscriminatorPropertyName = "kind",
    UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization
)]
[JsonDerivedType(typeof(RunStarted), "RunStarted")]
[JsonDerivedType(typeof(EpochTaken), "EpochTaken")]
[JsonDerivedType(typeof(ServerFailedOver), "ServerFailedOver")]
[JsonDerivedType(typeof(GateEvaluated), "GateEvaluated")]
[JsonDerivedType(typeof(StepStarted), "StepStarted")]
[JsonDerivedType(typeof(StepEnded), "StepEnded")]
[JsonDerivedType(typeof(FactRecorded), "FactRecorded")]
[JsonDerivedType(typeof(BlockerActed), "BlockerActed")]
[JsonDerivedType(typeof(MigrationApplied), "MigrationApplied")]
[JsonDerivedType(typeof(MigrationReverted), "MigrationReverted")]
[JsonDerivedType(typeof(DatabaseSwapped), "DatabaseSwapped")]
[JsonDerivedType(typeof(RollbackUndone), "RollbackUndone")]
[JsonDerivedType(typeof(WatchTicked), "WatchTicked")]
[JsonDerivedType(typeof(RunHeld), "RunHeld")]
[JsonDerivedType(typeof(RunContinued), "RunContinued")]
[JsonDerivedType(typeof(CommandTaken), "CommandTaken")]
[JsonDerivedType(typeof(BoundChanged), "BoundChanged")]
[JsonDerivedType(typeof(RollbackStarted), "RollbackStarted")]
[JsonDerivedType(typeof(NoticeSent), "NoticeSent")]
[JsonDerivedType(typeof(NoticeFailed), "NoticeFailed")]
[JsonDerivedType(typeof(RunSuspended), "RunSuspended")]
[JsonDerivedType(typeof(RunEnded), "RunEnded")]
public abstract record RunEvent
{
    /// <summary>When it happened, by the clock of the machine that ran. Never earlier than the event before it.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The state after this event.</summary>
    public abstract RunState Apply(RunState state);
}

/// <summary>The first event of every run.</summary>
/// <param name="Change">Name of the change.</param>
/// <param name="Title">Its title.</param>
/// <param name="Digest">Digest of the change and its files.</param>
/// <param name="Folder">Where the change was read from.</param>
/// <param name="TargetEnvironment">Name of the environment.</param>
/// <param name="Target">The database as people read it; no user, no password.</param>
/// <param name="Identity">Which server and database that is.</param>
/// <param name="Method">The way back the change declares.</param>
/// <param name="Host">Machine of the program.</param>
/// <param name="By">Who started it.</param>
/// <param name="Tool">Tidelock's version.</param>
/// <param name="WatchFor">How long the application will be watched.</param>
/// <param name="Contacts">Whom to call, by role.</param>
/// <param name="Links">Documents, by title.</param>
public sealed record RunStarted(
    string Change,
    string Title,
    string Digest,
    string Folder,
    string TargetEnvironment,
    string Target,
    ServerIdentity Identity,
    string Method,
    string Host,
    string By,
    string Tool,
    TimeSpan WatchFor,
    IReadOnlyDictionary<string, string> Contacts,
    IReadOnlyDictionary<string, string> Links
) : RunEvent
{
    /// <summary>The team's policy the run was held to; null where there was none for its environment.</summary>
    public PolicyMark? Policy { get; init; }

    /// <summary>When the change is to be made; null for as soon as all is ready.</summary>
    public Appointment? Appointment { get; init; }

    public override RunState Apply(RunState state) =>
        state with
        {
            Started = this,
            Status = RunStatus.Running,
            StartedAt = At,
        };
}

/// <summary>A program took the run over: at its start, at every resume, at a rollback days later. Older epochs may do nothing.</summary>
/// <param name="Epoch">From 1, rising.</param>
/// <param name="Host">Its machine.</param>
/// <param name="ProcessId">Its process there.</param>
public sealed record EpochTaken(long Epoch, string Host, int ProcessId) : RunEvent
{
    /// <summary>Who started the program; null where nobody wrote it down.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? By { get; init; }

    public override RunState Apply(RunState state) =>
        state with
        {
            TakenBy =
                By is null || state.TakenBy.Contains(By, StringComparer.Ordinal)
                    ? state.TakenBy
                    : [.. state.TakenBy, By],
            Epoch = Epoch,
            Host = Host,
            ProcessId = ProcessId,
            Status = state.Status is RunStatus.Suspended ? RunStatus.Running : state.Status,
        };
}

/// <summary>
/// A standby was promoted and serves the database now: what was committed last may be missing, and no transaction's id is believed any more.
/// </summary>
/// <param name="Identity">The server from here on.</param>
/// <param name="Finding">What is known of it, in words.</param>
/// <param name="Again">The step that had passed and must look again whether its effect is still there; null for none.</param>
public sealed record ServerFailedOver(ServerIdentity Identity, Message Finding, string? Again) : RunEvent
{
    /// <summary>Whether the newest swap of databases is not there on the new server: the name leads where it led before that.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool LosesSwap { get; init; }

    public override RunState Apply(RunState state)
    {
        var now = state with { FailedOver = this, Doubted = state.AppliedAt is not null };
        now = LosesSwap ? WithoutSwap(now) : now;
        return Again is null
            ? now
            : now.WithStep(Again, s => s with { Status = StepStatus.Pending, Result = null, EndedAt = null });
    }

    private static RunState WithoutSwap(RunState state)
    {
        var isUndoLost = state.Rollback?.Method == RollbackWay.Undo;
        return state with
        {
            Swapped = state.SwappedBefore,
            SwappedBefore = null,
            InPlace = !isUndoLost && state.AppliedAt is not null,
            RevertedAt = isUndoLost ? state.SwappedBefore?.At : null,
            UndoneAt = null,
        };
    }
}

/// <summary>A gate as it stood when the run was asked to start. The last one of a name counts.</summary>
/// <param name="Gate">Its name: <c>staging</c>, <c>backup</c>, …</param>
/// <param name="Level"><c>required</c> or <c>recommended</c>.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Finding">What was found, or who confirmed it and when.</param>
/// <param name="By">The person who confirmed or overrode it; null when the machine knew.</param>
/// <param name="Overridden">Whether it was passed over, which is shown in red for ever.</param>
public sealed record GateEvaluated(string Gate, string Level, bool Passed, Message Finding, string? By, bool Overridden)
    : RunEvent
{
    public override RunState Apply(RunState state) => state with { Gates = state.Gates.SetItem(Gate, this) };
}

/// <summary>A step begins, or begins again after a crash.</summary>
/// <param name="Step">Its name; steps of a rollback are called <c>rollback.…</c>.</param>
/// <param name="Attempt">From 1.</param>
public sealed record StepStarted(string Step, int Attempt) : RunEvent
{
    public override RunState Apply(RunState state) =>
        state.WithStep(
            Step,
            s =>
                s with
                {
                    Status = StepStatus.Running,
                    Attempts = Attempt,
                    StartedAt = s.StartedAt ?? At,
                    EndedAt = null,
                }
        );
}

/// <summary>A step ended.</summary>
/// <param name="Step">Its name.</param>
/// <param name="Result">How.</param>
/// <param name="Finding">What a person should know about it.</param>
public sealed record StepEnded(string Step, StepResult Result, Message Finding) : RunEvent
{
    public override RunState Apply(RunState state) =>
        state.WithStep(
            Step,
            s =>
                s with
                {
                    Status = Result == StepResult.Passed ? StepStatus.Passed : StepStatus.Failed,
                    Result = Result,
                    EndedAt = At,
                    Finding = Finding,
                }
        );
}

/// <summary>A fact a step or an extension owns: an intent before its effect, or a result after it. Opaque to the spine.</summary>
/// <param name="Step">Whose fact.</param>
/// <param name="Name">Which; a later one of the same name replaces an earlier one in the state.</param>
/// <param name="Value">JSON of the owner's making.</param>
public sealed record FactRecorded(string Step, string Name, JsonElement Value) : RunEvent
{
    public override RunState Apply(RunState state) =>
        state with
        {
            Facts = state.Facts.SetItem($"{Step}/{Name}", Value),
        };
}

/// <summary>A session that is in the way is cancelled or ended, as the change says: once before it is done, and once after.</summary>
/// <param name="Step">Which step it is in the way of.</param>
/// <param name="Act"><c>cancel</c> or <c>terminate</c>.</param>
/// <param name="ProcessId">Its backend.</param>
/// <param name="BackendStart">When that backend connected.</param>
/// <param name="IsDone">Whether this tells what came of it.</param>
/// <param name="Finding">Who it was, in words.</param>
public sealed record BlockerActed(
    string Step,
    string Act,
    int ProcessId,
    DateTimeOffset BackendStart,
    bool IsDone,
    Message Finding
) : RunEvent
{
    public override RunState Apply(RunState state) => state;
}

/// <summary>The migration is committed in the target.</summary>
/// <param name="TransactionId">The transaction that did it, where one did.</param>
/// <param name="Finding">How, in words.</param>
public sealed record MigrationApplied(string? TransactionId, Message Finding) : RunEvent
{
    public override RunState Apply(RunState state) => state with { InPlace = true, AppliedAt = At, Doubted = false };
}

/// <summary>The target is back where it was.</summary>
/// <param name="Method">The way back that was taken.</param>
/// <param name="Finding">How, in words.</param>
public sealed record MigrationReverted(string Method, Message Finding) : RunEvent
{
    public override RunState Apply(RunState state) => state with { InPlace = false, RevertedAt = At, Doubted = false };
}

/// <summary>The name of the database leads to another one now, whose oid is another.</summary>
/// <param name="Identity">The database from here on.</param>
/// <param name="Kept">What the one that had the name before is called; it is closed.</param>
/// <param name="Interrupted">How long nobody could connect, as it was measured; null where that is not known.</param>
/// <param name="Finding">How, in words.</param>
public sealed record DatabaseSwapped(ServerIdentity Identity, string Kept, TimeSpan? Interrupted, Message Finding)
    : RunEvent
{
    public override RunState Apply(RunState state) => state with { Swapped = this, SwappedBefore = state.Swapped };
}

/// <summary>A restore was taken back: what it had replaced is in place again, the change with it.</summary>
/// <param name="Finding">How, in words.</param>
public sealed record RollbackUndone(Message Finding) : RunEvent
{
    public override RunState Apply(RunState state) =>
        state with
        {
            InPlace = true,
            UndoneAt = At,
            RevertedAt = null,
            Doubted = false,
        };
}

/// <summary>One tick of the watch: all samples, and what the criteria said.</summary>
/// <param name="Baseline">Whether this was measured before the migration.</param>
/// <param name="Samples">One per signal; more where the source told of a time in which nobody looked.</param>
/// <param name="Verdicts">One per criterion; none in the baseline, none before the watch, and none where only the past was asked for.</param>
public sealed record WatchTicked(bool Baseline, IReadOnlyList<Sample> Samples, IReadOnlyList<Verdict> Verdicts)
    : RunEvent
{
    private const double Halfway = 0.5;

    /// <summary>Whether people want to see every tick: the run is held, all is not well, or a criterion is more than half of the way to acting.</summary>
    public bool IsNearAnEvent(RunState state) =>
        state.Held is not null || Verdicts.Any(v => v.State is VerdictState.Breached || v.Progress > Halfway);

    public override RunState Apply(RunState state) =>
        Baseline
            ? state with
            {
                BaselineTicks =
                    state.BaselineTicks is [.., var last] && At - last.At > WatchRules.BaselineLasts
                        ? [this]
                        : state.BaselineTicks.Add(this),
            }
            : state with
            {
                Ticks = state.Ticks.Add(this),
                Accepted = state.Accepted.RemoveAll(b => b.IsOverIn(Verdicts)),
            };
}

/// <summary>The run waits: for a person, or for data. The watch goes on meanwhile.</summary>
/// <param name="Reason">Why, and what ends it.</param>
/// <param name="Until">When the run acts by itself; null when it waits without an end.</param>
public sealed record RunHeld(Message Reason, DateTimeOffset? Until) : RunEvent
{
    /// <summary>The breaches of the watch people are asked about; null where they are asked about something else, or not asked.</summary>
    public IReadOnlyList<AskedBreach>? Breaches { get; init; }

    public override RunState Apply(RunState state) => state with { Held = this };
}

/// <summary>What held the run is over.</summary>
public sealed record RunContinued(Message Reason) : RunEvent
{
    public override RunState Apply(RunState state) => state with { Held = null };
}

/// <summary>A person's command was taken from the inbox. Taken exactly once.</summary>
/// <param name="CommandId">The inbox row.</param>
/// <param name="Verb">What was asked.</param>
/// <param name="By">Who asked.</param>
/// <param name="Argument">Its argument, for example a rollback method or a duration; empty for none.</param>
public sealed record CommandTaken(string CommandId, RunVerb Verb, string By, string Argument) : RunEvent
{
    public override RunState Apply(RunState state) =>
        state with
        {
            TakenCommands = state.TakenCommands.Add(CommandId),
            Commands = state.Commands.Add(this),
            Accepted =
                Verb is RunVerb.Continue && state.Held?.Breaches is { } breaches
                    ? state.Accepted.AddRange(breaches)
                    : state.Accepted,
            Asked =
                Verb is RunVerb.Rollback or RunVerb.Abort && state.Rollback is null && state.Result is null
                    ? this
                    : state.Asked,
            Paused = Verb switch
            {
                RunVerb.Pause when state.Rollback is null && state.Result is null => this,
                RunVerb.Continue => null,
                _ => state.Paused,
            },
            Staying = Verb switch
            {
                RunVerb.Continue when state.Paused is null => this,
                RunVerb.Continue or RunVerb.Pause => null,
                _ => state.Staying,
            },
        };
}

/// <summary>The way back begins.</summary>
/// <param name="Method">Which.</param>
/// <param name="Reason">The criterion with its numbers, or who asked for it.</param>
/// <param name="By">The person; null when the run decided by itself.</param>
public sealed record RollbackStarted(string Method, Message Reason, string? By) : RunEvent
{
    /// <summary>Whether rows that would be lost are saved into side tables.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Rescues { get; init; }

    public override RunState Apply(RunState state) => state.BeginRollback(this);
}

/// <summary>The program was told to stop. The run is not over: <c>tidelock resume</c> goes on.</summary>
public sealed record RunSuspended(Message Reason) : RunEvent
{
    public override RunState Apply(RunState state) => state with { Status = RunStatus.Suspended };
}

/// <summary>The run is over.</summary>
public sealed record RunEnded(RunResult Result, Message Finding) : RunEvent
{
    public override RunState Apply(RunState state) =>
        state with
        {
            Status = RunStatus.Ended,
            Result = Result,
            EndedAt = At,
            Finding = Finding,
            Held = null,
            Asked = null,
            Paused = null,
        };
}
