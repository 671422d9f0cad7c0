using Tidelock.Runs;

namespace Tidelock.Notifications;

/// <summary>
/// Tells people of a run beside it, over every channel its change declares. What is told is read from the run's journal, from where the
/// channel stopped: so nothing is lost when a program is killed, and what did not get through is told by whoever goes on with the run.
/// </summary>
/// <param name="channels">How channels are made.</param>
/// <param name="journal">Where runs stand.</param>
internal sealed class Notifier(ChannelFactory channels, IJournal journal)
{
    public NoticePace Pace { get; init; } = new();

    /// <summary>Begins to tell. A channel that cannot be made, hangs or fails holds up neither the run nor another channel.</summary>
    public Notifying Begin(RunExecution execution) =>
        new(
            [
                .. channels
                    .Of(execution.Change, execution.Time)
                    .Select(c => new ChannelWork(c.Kind, c.Channel, journal, execution, Pace)),
            ],
            Pace.EndLimit,
            execution.Time
        );
}

/// <summary>The channels of one program's part in a run, at work.</summary>
internal sealed class Notifying(IReadOnlyList<ChannelWork> works, TimeSpan limit, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Tells what is left, now that the run has ended or is suspended, as long as that may take.</summary>
    public Task FinishAsync() => Task.WhenAll(works.Select(w => w.FinishAsync(limit, time)));

    /// <summary>Stops at once: what was not told yet is told by whoever goes on with the run.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var work in works)
        {
            await work.DisposeAsync().ConfigureAwait(false);
        }
    }
}
