using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications;

/// <summary>One event of a run as channels see it.</summary>
/// <param name="Moment">What it is to people.</param>
/// <param name="Entry">Its journal entry: the stored bytes, the sequence, the hash; null before a run begins.</param>
/// <param name="Event">The event; null for what is told before a run begins.</param>
/// <param name="State">The run just after it.</param>
/// <param name="At">When it happened.</param>
public sealed record Notice(Moment Moment, JournalEntry? Entry, RunEvent? Event, RunState State, DateTimeOffset At)
{
    /// <summary>What is said where no event says it; null where one does.</summary>
    public Message? Text { get; init; }

    /// <summary>Whether a person is needed and no journal says so: the text does, and nobody is told of it again.</summary>
    internal bool IsAlarm => Moment is Moment.NeedsPerson && Entry is null;

    internal static Notice Of(JournalEntry entry, RunEvent e, RunState state) =>
        new(MomentOf(e), entry, e, state, e.At);

    /// <summary>What is journaled about notices is no news: telling it would make more of it.</summary>
    internal static bool IsAboutNotices(RunEvent e) => e is NoticeSent or NoticeFailed;

    private static Moment MomentOf(RunEvent e) =>
        e switch
        {
            RunStarted => Moment.Started,
            StepStarted => Moment.StepStarted,
            StepEnded => Moment.StepEnded,
            RunHeld => Moment.Held,
            RunContinued => Moment.Continued,
            EpochTaken { Epoch: > 1 }
            or CommandTaken
            or BoundChanged
            or BlockerActed
            or ServerFailedOver
            or GateEvaluated { Overridden: true } => Moment.Decided,
            MigrationApplied or MigrationReverted or DatabaseSwapped or RollbackUndone => Moment.Changed,
            RollbackStarted => Moment.RollbackStarted,
            RunSuspended => Moment.Suspended,
            RunEnded { Result: RunResult.NeedsPerson } => Moment.NeedsPerson,
            RunEnded => Moment.Ended,
            _ => Moment.Detail,
        };
}

/// <summary>What an event is to people.</summary>
public enum Moment
{
    /// <summary>Nothing: a measurement, a fact for machines.</summary>
    Detail,

    /// <summary>A try whether the channel works.</summary>
    Test,

    /// <summary>The team is told when a run will start. There is no run yet.</summary>
    Announced,

    /// <summary>The team is told that a run that was announced does not start. There is none.</summary>
    CalledOff,
    Started,
    StepStarted,
    StepEnded,

    /// <summary>The run waits for a person or for data.</summary>
    Held,
    Continued,

    /// <summary>A person decided, or the run did something a person would want to know of.</summary>
    Decided,

    /// <summary>The database is another than before: the change is in place, or was taken back.</summary>
    Changed,
    RollbackStarted,

    /// <summary>The program was told to stop; the run is open.</summary>
    Suspended,
    Ended,

    /// <summary>The run ended, and a person is needed.</summary>
    NeedsPerson,
}
