using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>Looks on: renderers, notifiers, telemetry. Must not throw and must not block; what it does changes nothing of the run.</summary>
public interface IRunObserver
{
    /// <summary>An event was stored.</summary>
    void Happened(RunEvent e, RunState state);

    /// <summary>A step says what it is doing.</summary>
    void Progressed(string step, Message progress);

    /// <summary>Something a person must see now that is not part of the run's journal: the journal itself cannot be written.</summary>
    void Warned(Message warning);

    /// <summary>Commands that no program has taken; told to who looks on at a run of another program, again and again.</summary>
    void Waiting(IReadOnlyList<RunCommand> commands) { }
}
