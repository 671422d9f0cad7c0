using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>What reaches a running engine from outside its steps. Taken one at a time.</summary>
public abstract record RunRequest
{
    /// <summary>A command from the journal's inbox.</summary>
    public sealed record Command(RunCommand Row) : RunRequest;

    /// <summary>Ctrl-C in the terminal of the program.</summary>
    public sealed record Interrupt : RunRequest;

    /// <summary>What the person at the terminal answered after an interrupt.</summary>
    public sealed record InterruptAnswered(InterruptAnswer Answer, string By) : RunRequest;

    /// <summary>The program must stop (SIGTERM, shutdown): the run stays open and can be resumed.</summary>
    public sealed record Suspend(Message Reason) : RunRequest;

    /// <summary>The connection that holds the run lock is gone, and with it the epoch. Means nothing to a later one.</summary>
    public sealed record LockLost(long Epoch) : RunRequest;
}

/// <summary>What to do after Ctrl-C once the change is in place.</summary>
public enum InterruptAnswer
{
    KeepWatching,
    RollBack,

    /// <summary>Leave the change in place and unwatched; the run can be resumed.</summary>
    Leave,
}

/// <summary>The person at the terminal, where there is one.</summary>
public interface IRunDialogue
{
    /// <summary>Asks what to do after Ctrl-C; the run goes on meanwhile. Null where nobody can be asked.</summary>
    Task<InterruptAnswer?> AskAfterInterruptAsync(RunState state, CancellationToken cancellation);
}
