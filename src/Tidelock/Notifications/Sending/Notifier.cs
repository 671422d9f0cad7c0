using Tidelock.Changes;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications.Sending;

/// <summary>
/// Tells people of a run beside it, over every channel its change declares. What is told is read from the run's journal, from where the
/// channel stopped: so nothing is lost when a program is killed, and what did not get through is told by whoever goes on with the run.
/// </summary>
/// <param name="channels">How channels are made.</param>
/// <param name="journal">Where runs stand.</param>
internal sealed class Notifier(ChannelFactory channels, IJournal journal)
{
    public NoticePace Pace { get; init; } = new();

    /// <summary>Whether a channel of the change has not told the end of its run: it failed, or its program was killed before.</summary>
    /// <param name="change">The change.</param>
    /// <param name="entries">All that the journal has of the run, which is over.</param>
    public bool HasLeft(Change change, IReadOnlyList<JournalEntry> entries)
    {
        var state = RunState.Of(entries.Select(RunEvents.Parse));
        var end = entries.LastOrDefault(e => e.Kind == nameof(RunEnded))?.Sequence;
        return channels
            .Of(change, TimeProvider.System)
            .Any(c => state.Notices.GetValueOrDefault(c.Kind) is not { Problem: null } told || told.Upto < end);
    }

    /// <summary>
    /// A run as its program leaves it behind: nobody goes on with it, whatever the journal holds last, so that who is called resumes it.
    /// </summary>
    public static RunState Left(RunState state) =>
        state with
        {
            Status = RunStatus.Suspended,
            Held = null,
            Paused = null,
        };

    /// <summary>
    /// Tells that a person is needed where no journal can say it any more, or its program is about to go: once, for as long as the end of a run
    /// may take.
    /// </summary>
    /// <param name="change">The change, for its channels.</param>
    /// <param name="run">The run.</param>
    /// <param name="state">As whoever is called finds it.</param>
    /// <param name="finding">Why.</param>
    /// <param name="time">The clock.</param>
    public async Task AlarmAsync(Change change, RunId run, RunState state, Message finding, TimeProvider time)
    {
        if (state.Started is not { } started)
        {
            return;
        }

        using var limit = new CancellationTokenSource(Pace.EndLimit, time);
        var now = time.GetUtcNow();
        var notice = new Notice(Moment.NeedsPerson, null, null, state, now) { Text = finding };
        var calls = channels
            .Of(change, time)
            .Select(c =>
            {
                var known = state.Notices.GetValueOrDefault(c.Kind)?.Identifiers ?? Delivery.Nothing.Identifiers;
                var view = new NoticeView(NoticeSubject.Of(started), run, state, null, known, now);
                return ChannelCall.TellAsync(c.Channel, view, [notice], time, limit.Token);
            });
        await ((Task)Task.WhenAll(calls)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

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
        await Task.WhenAll(works.Select(w => w.DisposeAsync().AsTask())).ConfigureAwait(false);
    }
}
