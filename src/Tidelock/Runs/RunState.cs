using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Runs;

/// <summary>What is known of a run: the fold of its events. Nothing here is set in any other way.</summary>
public sealed record RunState
{
    public static RunState Empty { get; } = new();

    public RunStarted? Started { get; init; }

    /// <summary>Everybody who ran it, from its start on.</summary>
    public IReadOnlyList<string> TakenBy { get; init; } = [];
    public DateTimeOffset StartedAt { get; init; }
    public RunStatus Status { get; init; }
    public long Epoch { get; init; }
    public string Host { get; init; } = "";

    /// <summary>The process of the newest epoch, on its host.</summary>
    public int ProcessId { get; init; }

    /// <summary>Steps in the order in which they began; those of a rollback after those of the deployment.</summary>
    public ImmutableList<StepState> Steps { get; init; } = [];

    /// <summary>Facts by <c>step/name</c>.</summary>
    public ImmutableSortedDictionary<string, JsonElement> Facts { get; init; } =
        ImmutableSortedDictionary.Create<string, JsonElement>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, GateEvaluated> Gates { get; init; } =
        ImmutableSortedDictionary.Create<string, GateEvaluated>(StringComparer.Ordinal);

    /// <summary>The newest failover; null for none.</summary>
    public ServerFailedOver? FailedOver { get; init; }

    /// <summary>The newest swap of the database for another; null for none.</summary>
    public DatabaseSwapped? Swapped { get; init; }

    /// <summary>The one before the newest, which a failover may bring back.</summary>
    internal DatabaseSwapped? SwappedBefore { get; init; }

    /// <summary>The server and database as they were last made sure of.</summary>
    [JsonIgnore]
    public ServerIdentity? Identity =>
        Swapped is { } swapped && !(FailedOver?.At > swapped.At)
            ? swapped.Identity
            : FailedOver?.Identity ?? Started?.Identity;

    /// <summary>Whether a failover came after what was last done to the database, so that it may be lost.</summary>
    public bool Doubted { get; init; }

    /// <summary>Whether the migration is committed and not taken back.</summary>
    public bool InPlace { get; init; }

    /// <summary>Whether the run ended without knowing that nothing is in place: its migration had begun, and a person is needed.</summary>
    [JsonIgnore]
    public bool MayBeInPlace =>
        InPlace
        || (Result == RunResult.NeedsPerson && Facts.Keys.Any(k => k.StartsWith("migrate/", StringComparison.Ordinal)));

    public DateTimeOffset? AppliedAt { get; init; }
    public DateTimeOffset? RevertedAt { get; init; }

    /// <summary>When a restore was last taken back.</summary>
    public DateTimeOffset? UndoneAt { get; init; }
    public ImmutableList<WatchTicked> BaselineTicks { get; init; } = [];
    public ImmutableList<WatchTicked> Ticks { get; init; } = [];
    public RunHeld? Held { get; init; }
    public ImmutableHashSet<string> TakenCommands { get; init; } =
        ImmutableHashSet.Create<string>(StringComparer.Ordinal);
    public ImmutableList<CommandTaken> Commands { get; init; } = [];

    /// <summary>The fact of the watch that says how it judges.</summary>
    internal const string RulesFact = "rules";

    /// <summary>How the watch judges; null before it has begun, and in a journal from when that was not written down.</summary>
    [JsonIgnore]
    public WatchedRules? Rules => Fact("watch", RulesFact)?.Deserialize(RunJson.Readable.WatchedRules);

    /// <summary>The fact of the baseline that says how late values come.</summary>
    internal const string DelaysFact = "delays";

    /// <summary>How late values of signals come; none in a journal from when that was not measured.</summary>
    [JsonIgnore]
    public IReadOnlyList<SignalDelay> Delays =>
        Fact("baseline", DelaysFact)?.Deserialize(RunJson.Readable.IReadOnlyListSignalDelay) ?? [];

    /// <summary>When the change is to be made; null for as soon as all is ready.</summary>
    [JsonIgnore]
    public Appointment? Appointment => Started?.Appointment;

    /// <summary>Those of the watch itself: signals are read beside the steps before it, too.</summary>
    [JsonIgnore]
    internal IEnumerable<WatchTicked> WatchTicks =>
        Step("watch").StartedAt is { } from ? Ticks.Where(t => t.At >= from) : [];

    /// <summary>The breaches a person decided to live with, until they are over: nobody is asked about them again.</summary>
    public ImmutableList<AskedBreach> Accepted { get; init; } = [];

    /// <summary>Bounds of the watch that people changed or want to change, each as it stands now; in the order in which they came to that.</summary>
    public ImmutableList<BoundChanged> Bounds { get; init; } = [];

    /// <summary>A person's word to take the change back that nothing has followed yet.</summary>
    public CommandTaken? Asked { get; init; }

    /// <summary>A person's word to wait, until another one goes on; null where nobody paused the run.</summary>
    public CommandTaken? Paused { get; init; }

    /// <summary>A person's word that the change stays in spite of what the run holds for; null for none. One that ends a pause says no more than that.</summary>
    public CommandTaken? Staying { get; init; }

    /// <summary>The last rollback that began; null for none.</summary>
    public RollbackStarted? Rollback { get; init; }

    /// <summary>Whom the run tells what happens, by channel.</summary>
    public ImmutableSortedDictionary<string, NoticeStanding> Notices { get; init; } =
        ImmutableSortedDictionary.Create<string, NoticeStanding>(StringComparer.Ordinal);

    /// <summary>Kinds of events this version does not know; with any of them the run is not resumed.</summary>
    public ImmutableSortedSet<string> UnknownKinds { get; init; } =
        ImmutableSortedSet.Create<string>(StringComparer.Ordinal);
    public RunResult? Result { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public Message? Finding { get; init; }

    /// <summary>By how much people have made the watch longer.</summary>
    [JsonIgnore]
    public TimeSpan ExtendedBy =>
        Commands
            .Where(c => c.Verb is RunVerb.Extend)
            .Select(c => DurationText.TryParse(c.Argument) ?? TimeSpan.Zero)
            .Aggregate(TimeSpan.Zero, (sum, by) => sum + (by < WatchRules.Longest ? by : WatchRules.Longest));

    /// <summary>How long the application is watched in all; null before the run began.</summary>
    [JsonIgnore]
    public TimeSpan? WatchFor => Started?.WatchFor + ExtendedBy;

    /// <summary>The fold.</summary>
    public static RunState Of(IEnumerable<RunEvent> events) => events.Aggregate(Empty, (state, e) => e.Apply(state));

    /// <summary>The state of a step; one that has not begun is <see cref="StepStatus.Pending"/>.</summary>
    public StepState Step(string name) =>
        Steps.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.Ordinal)) ?? new StepState(name);

    /// <summary>A fact, or null where it was never recorded.</summary>
    public JsonElement? Fact(string step, string name) =>
        Facts.TryGetValue($"{step}/{name}", out var value) ? value : null;

    internal RunState WithStep(string name, Func<StepState, StepState> change)
    {
        var at = Steps.FindIndex(s => string.Equals(s.Name, name, StringComparison.Ordinal));
        return this with
        {
            Steps = at < 0 ? Steps.Add(change(new StepState(name))) : Steps.SetItem(at, change(Steps[at])),
        };
    }

    internal RunState WithNotices(string channel, Func<NoticeStanding, NoticeStanding> change) =>
        this with
        {
            Notices = Notices.SetItem(
                channel,
                change(Notices.GetValueOrDefault(channel) ?? new NoticeStanding(channel))
            ),
        };

    internal RunState BeginRollback(RollbackStarted rollback) =>
        this with
        {
            Rollback = rollback,
            Status = RunStatus.Running,
            Result = null,
            EndedAt = null,
            Held = null,
            Asked = null,
            Paused = null,
            Steps = Steps.RemoveAll(s => s.IsRollback),
        };
}

/// <summary>One step of a run.</summary>
/// <param name="Name">Its name.</param>
public sealed record StepState(string Name)
{
    public const string RollbackPrefix = "rollback.";

    public StepStatus Status { get; init; }
    public int Attempts { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public StepResult? Result { get; init; }
    public Message? Finding { get; init; }
    public bool IsRollback => Name.StartsWith(RollbackPrefix, StringComparison.Ordinal);
}

public enum RunStatus
{
    /// <summary>No event yet.</summary>
    None,
    Running,

    /// <summary>Its program was told to stop; it can be resumed.</summary>
    Suspended,
    Ended,
}

public enum StepStatus
{
    Pending,
    Running,
    Passed,
    Failed,
}

/// <summary>How a step ended.</summary>
public enum StepResult
{
    Passed,

    /// <summary>It will not go on as things are; nothing was changed by it.</summary>
    Refused,

    /// <summary>It found something wrong, or could not do its work.</summary>
    Failed,

    /// <summary>The watch or a check says: go back.</summary>
    Breached,

    /// <summary>What is in place is not known, or could not be put right; only a person can go on.</summary>
    NeedsPerson,
}

/// <summary>How a run ended.</summary>
public enum RunResult
{
    /// <summary>The change is in place and declared.</summary>
    Completed,

    /// <summary>Refused or failed before anything was changed.</summary>
    NothingChanged,

    /// <summary>Refused by a gate, a check or a person before anything was changed.</summary>
    Refused,

    /// <summary>The change was taken back and the way back was verified.</summary>
    RolledBack,

    /// <summary>A restore was taken back: the change is in place again, and nobody watches it.</summary>
    Undone,

    /// <summary>Something is in place that should not be, or is not known.</summary>
    NeedsPerson,
}

/// <summary>What a person may ask of a run from another terminal.</summary>
public enum RunVerb
{
    Rollback,
    Abort,
    Continue,
    Extend,
    Pause,

    /// <summary>Takes back a command that no program has taken yet, or a bound that waits for a second person; its argument is that command's id.</summary>
    Withdraw,

    /// <summary>Puts another criterion in the place of one of the watch; its argument is a <see cref="BoundWish"/>.</summary>
    Bound,

    /// <summary>A second person's word for a looser bound; its argument is the id of the command that wants it.</summary>
    Confirm,
}
