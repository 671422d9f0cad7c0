using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>What one program remembers of a run it goes on with again and again: its epoch, and how often it lost the database.</summary>
internal sealed class RunLosses(TimeProvider time, TimeSpan patience)
{
    private const int WithoutProgress = 3;

    private long? since;
    private int progress = -1;
    private int count;

    /// <summary>The newest epoch this program took; null before the first.</summary>
    public long? Epoch { get; set; }

    /// <summary>Why the database is lost; null while it is there and the journal with it.</summary>
    public Message? Reason { get; private set; }

    /// <summary>The run when the database was lost last; null where it was not.</summary>
    public RunState? State { get; private set; }

    /// <summary>The database stayed away too long, or is lost again and again at the same place.</summary>
    public bool IsOver => count > WithoutProgress || (since is { } at && time.GetElapsedTime(at) > patience);

    public void Lost(Message reason, RunState state)
    {
        // What is read beside a step that loses the database again and again is no progress of it.
        var ticks = state.WatchTicks.Count() + state.BaselineTicks.Count;
        var now = state.Steps.Count(s => s.Status == StepStatus.Passed) + ticks;
        count = now == progress ? count + 1 : 1;
        (Reason, State, progress, since) = (reason, state, now, time.GetTimestamp());
    }

    /// <summary>It is back, and the journal has taken what the run goes on with.</summary>
    public void Found() => (since, Reason) = (null, null);
}
