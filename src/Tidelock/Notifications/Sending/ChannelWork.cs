using System.Collections.Immutable;
using Tidelock.Notifications.Announcements;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications.Sending;

/// <summary>
/// One channel at work beside one run: reads what the journal has new, hands it to the channel, and journals what came of it. What fails
/// is tried again with all that happened since, after a pause that grows.
/// </summary>
internal sealed class ChannelWork : IAsyncDisposable
{
    /// <summary>How soon something new is seen.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>How long the end of a call is waited for: one that hangs must not hold up the run.</summary>
    private static readonly TimeSpan ClosingLimit = TimeSpan.FromSeconds(2);

    private readonly string kind;
    private readonly IChannel channel;
    private readonly IJournal journal;
    private readonly RunExecution execution;
    private readonly NoticePace pace;
    private readonly Retry retry;
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource ending = new();
    private readonly Task work;
    private readonly List<Notice> news = [];
    private ImmutableSortedDictionary<string, string> identifiers = ImmutableSortedDictionary.Create<string, string>(
        StringComparer.Ordinal
    );
    private RunState? seen;
    private RunState state = RunState.Empty;
    private JournalEntry? head;
    private long upto;
    private DateTimeOffset? calledAt;
    private DateTimeOffset journaledAt = DateTimeOffset.MinValue;

    public ChannelWork(string kind, IChannel channel, IJournal journal, RunExecution execution, NoticePace pace)
    {
        (this.kind, this.channel, this.journal, this.execution) = (kind, channel, journal, execution);
        (this.pace, retry) = (pace, new Retry(pace.FirstRetry, execution.Time));
        work = Task.Run(WorkAsync);
    }

    /// <summary>Tells what is left, once; comes back when that got through, failed, or took too long.</summary>
    public async Task FinishAsync(TimeSpan limit, TimeProvider time)
    {
        await ending.CancelAsync().ConfigureAwait(false);
        await work.WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!work.IsCompleted)
        {
            await GiveUpAsync(limit).ConfigureAwait(false);
        }
    }

    /// <summary>Nobody knows whether the end got through: that is written down, so that it is shown and told once more.</summary>
    private async Task GiveUpAsync(TimeSpan limit)
    {
        await DisposeAsync().ConfigureAwait(false);
        try
        {
            var problem = Message.Of("notifications.no-answer", ("limit", limit));
            await execution
                .Writer.AppendAsync(new NoticeFailed(kind, problem, identifiers), CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (TidelockException)
        {
            // The journal is away, or another program has the run: it tells what is left.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        await work.WaitAsync(ClosingLimit, execution.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WorkAsync()
    {
        var started = false;
        while (!stopping.IsCancellationRequested)
        {
            var isEnd = ending.IsCancellationRequested;
            try
            {
                started = started || await StartAsync().ConfigureAwait(false);
                await ReadAsync(isEnd).ConfigureAwait(false);
                var hasFailed = IsDue(isEnd) && !await CallAsync().ConfigureAwait(false);
                if (isEnd && (news.Count == 0 || IsHopeless(hasFailed)))
                {
                    return;
                }
            }
            catch (Exception) when (!stopping.IsCancellationRequested)
            {
                // The journal cannot be read or written; the writer says so to people. What is new is told once it can be read.
            }

            await Task.Delay(Look, execution.Time, isEnd ? stopping.Token : ending.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether the end of the run cannot be told by this program: only a receiver that says when is waited for.</summary>
    private bool IsHopeless(bool hasFailed) => retry.IsAskedFor ? retry.Left > pace.EndLimit : hasFailed;

    /// <summary>Where this channel stopped; in a run it has told nothing of yet, the announcement that it goes on with.</summary>
    private async Task<bool> StartAsync()
    {
        if (execution.Writer.State is not { Started: { } started } known)
        {
            return false;
        }

        if (known.Notices.GetValueOrDefault(kind) is { } standing)
        {
            (upto, identifiers) = (standing.Upto, standing.Identifiers);
        }
        else
        {
            var announced = await AnnouncedNotice
                .FindAsync(journal, started.Digest, started.TargetEnvironment, execution.Run, stopping.Token)
                .ConfigureAwait(false);
            identifiers = AnnouncedNotice.Of(announced, kind);
        }

        return true;
    }

    /// <summary>Takes over what the journal has new; nothing where the run is as it was.</summary>
    private async Task ReadAsync(bool isEnd)
    {
        var now = execution.Writer.State;
        if (ReferenceEquals(now, seen) && !isEnd)
        {
            return;
        }

        await foreach (
            var entry in journal
                .ReadAsync(execution.Run.Value, head?.Sequence ?? 0, stopping.Token)
                .ConfigureAwait(false)
        )
        {
            var e = RunEvents.Parse(entry);
            (state, head) = (e.Apply(state), entry);
            if (entry.Sequence > upto && !Notice.IsAboutNotices(e))
            {
                news.Add(Notice.Of(entry, e, state));
            }
        }

        seen = now;
    }

    /// <summary>At the end of the run a failed notice waits no longer than its receiver wants.</summary>
    private bool IsDue(bool isEnd)
    {
        var since = calledAt is { } then ? execution.Time.GetUtcNow() - then : TimeSpan.MaxValue;
        var mayTry = retry.IsOver || (isEnd && !retry.IsAskedFor);
        return since >= pace.Between && mayTry && (news.Count > 0 || (state.Held is not null && since >= pace.InHold));
    }

    /// <summary>False where it failed.</summary>
    private async Task<bool> CallAsync()
    {
        if (state.Started is not { } started)
        {
            return true;
        }

        calledAt = execution.Time.GetUtcNow();
        var last = news is [.., { Entry: { } newest }] ? newest : null;
        var view = new NoticeView(
            NoticeSubject.Of(started),
            execution.Run,
            state,
            last ?? head,
            identifiers,
            execution.Time.GetUtcNow()
        );
        var delivery = await ChannelCall
            .TellAsync(channel, view, [.. news], execution.Time, stopping.Token)
            .ConfigureAwait(false);
        if (delivery.Problem is { } problem)
        {
            await FailedAsync(delivery, problem).ConfigureAwait(false);
            return false;
        }

        retry.Reset();
        var told = last?.Sequence ?? upto;
        if (!delivery.IsNothing)
        {
            identifiers = delivery.Identifiers;
            await SentAsync(delivery, told, (last ?? head)!.Hash).ConfigureAwait(false);
        }

        // Only now: what could not be written down is told again.
        news.Clear();
        upto = told;
        return true;
    }

    private async Task SentAsync(Delivery delivery, long told, string hash)
    {
        var now = execution.Time.GetUtcNow();
        if (delivery.MayWait && now - journaledAt < pace.Journaled)
        {
            return;
        }

        await execution
            .Writer.AppendAsync(new NoticeSent(kind, told, hash, identifiers), stopping.Token)
            .ConfigureAwait(false);
        journaledAt = now;
    }

    /// <summary>Journaled when it begins and when it becomes another problem, not at every try.</summary>
    private async Task FailedAsync(Delivery delivery, Message problem)
    {
        retry.Failed(delivery);
        identifiers = delivery.Identifiers;
        var known = execution.Writer.State.Notices.GetValueOrDefault(kind);
        if (!problem.Equals(known?.Problem) || !Same(known.Identifiers, identifiers))
        {
            await execution
                .Writer.AppendAsync(new NoticeFailed(kind, problem, identifiers), stopping.Token)
                .ConfigureAwait(false);
        }
    }

    private static bool Same(
        ImmutableSortedDictionary<string, string> one,
        ImmutableSortedDictionary<string, string> other
    ) => one.Count == other.Count && one.All(p => other.TryGetValue(p.Key, out var value) && value == p.Value);
}
