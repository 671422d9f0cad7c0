using System.Threading.Channels;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// The one writer of a run in one epoch. Events are taken one at a time: given a time that never goes back, chained, stored,
/// folded, published. When the journal cannot be written, the caller of an event that may lead to new effects waits until a
/// deadline and is then told; events that only observe, and everything once a rollback has begun, are taken at once. Nothing is
/// dropped: what is not stored yet is stored later, in order.
/// </summary>
internal sealed class RunWriter : IRunWriter, IAsyncDisposable
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    /// <summary>How long one append may take: a server that hangs is as good as one that is down.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>The same once the journal is known to be away, so that the watch is hardly held up.</summary>
    private static readonly TimeSpan RetryLimit = TimeSpan.FromSeconds(2);

    private readonly IJournal journal;
    private readonly RunId run;
    private readonly long epoch;
    private readonly TimeProvider time;
    private readonly TimeSpan patience;
    private readonly IRunObserver observer;
    private readonly Channel<(RunEvent Event, TaskCompletionSource Stored)> queue = Channel.CreateUnbounded<(
        RunEvent,
        TaskCompletionSource
    )>(new() { SingleReader = true });
    private readonly Queue<JournalEntry> backlog = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Task loop;
    private JournalEntry? last;
    private DateTimeOffset lastAt;
    private bool warned;
    private string problem = "";
    private Exception? failure;

    public RunWriter(
        IJournal journal,
        RunId run,
        long epoch,
        RunState state,
        JournalEntry? last,
        TimeProvider time,
        TimeSpan patience,
        IRunObserver observer
    )
    {
        (this.journal, this.run, this.epoch, this.last, this.time, this.patience, this.observer) = (
            journal,
            run,
            epoch,
            last,
            time,
            patience,
            observer
        );
        State = state;
        lastAt = last is null ? DateTimeOffset.MinValue : RunEvents.Parse(last).At;
        loop = Task.Run(LoopAsync);
    }

    public RunState State { get; private set; }

    /// <summary>What is folded but not stored; to be read when the writer was disposed.</summary>
    public IReadOnlyList<JournalEntry> Unstored => [.. backlog];

    /// <summary>Why the last append failed; empty for none.</summary>
    public string Problem => problem;

    public async Task AppendAsync(RunEvent e, CancellationToken cancellation)
    {
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!queue.Writer.TryWrite((e, stored)))
        {
            throw failure ?? new RunTakenOverException(run);
        }

        await stored.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes no more events, and waits until what is folded is stored or the deadline has passed.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await stopping.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task LoopAsync()
    {
        try
        {
            while (await NextAsync().ConfigureAwait(false))
            {
                while (queue.Reader.TryRead(out var item))
                {
                    await TakeAsync(item.Event, item.Stored).ConfigureAwait(false);
                }

                await StoreBacklogAsync().ConfigureAwait(false);
            }

            await StoreWithinAsync(patience).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>The end of this writer: whoever waits and whoever comes is told why.</summary>
    private void Fail(Exception e)
    {
        failure = e;
        queue.Writer.TryComplete();
        while (queue.Reader.TryRead(out var item))
        {
            item.Stored.TrySetException(e);
        }
    }

    /// <summary>Waits for an event, or, with a backlog, at most until the next try; false when there will be no more.</summary>
    private async Task<bool> NextAsync()
    {
        var more = queue.Reader.WaitToReadAsync().AsTask();
        if (backlog.Count == 0)
        {
            return await more.ConfigureAwait(false);
        }

        try
        {
            return await more.WaitAsync(RetryEvery, time, stopping.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return queue.Reader.TryPeek(out _);
        }
    }

    private async Task TakeAsync(RunEvent e, TaskCompletionSource stored)
    {
        try
        {
            var now = time.GetUtcNow();
            var timed = e with { At = now > lastAt ? now : lastAt };
            var entry = JournalEntry.Next(
                run.Value,
                last,
                Guid.CreateVersion7(now).ToString("N"),
                timed.GetType().Name,
                RunEvents.Format(timed)
            );
            backlog.Enqueue(entry);
            var isStored = await StoreWithinAsync(MayWait(e) ? TimeSpan.Zero : patience).ConfigureAwait(false);
            Fold(timed, entry);
            if (isStored || MayWait(e))
            {
                stored.SetResult();
            }
            else
            {
                stored.SetException(new JournalUnwritableException(journal.Location, problem));
            }
        }
        catch (Exception fault)
        {
            stored.TrySetException(fault);
            throw;
        }
    }

    /// <summary>Forward effects end with the migration: what comes after it only observes, until the run is declared.</summary>
    private bool MayWait(RunEvent e) =>
        e is not RunEnded
        && (
            State.InPlace
            || State.Rollback is not null
            || e is WatchTicked or MigrationApplied or NoticeSent or NoticeFailed
        );

    private void Fold(RunEvent e, JournalEntry entry)
    {
        (last, lastAt) = (entry, e.At);
        State = e.Apply(State);
        observer.Happened(e, State);
    }

    private async Task<bool> StoreWithinAsync(TimeSpan limit)
    {
        var started = time.GetTimestamp();
        while (!await StoreBacklogAsync().ConfigureAwait(false))
        {
            if (time.GetElapsedTime(started) >= limit)
            {
                return false;
            }

            await Task.Delay(RetryEvery, time, CancellationToken.None).ConfigureAwait(false);
        }

        return true;
    }

    private async Task<bool> StoreBacklogAsync()
    {
        while (backlog.TryPeek(out var entry))
        {
            if (await StoreAsync(entry).ConfigureAwait(false) is { } reason)
            {
                problem = reason;
                Warn(new JournalUnwritableException(journal.Location, reason).Problem);
                return false;
            }

            backlog.Dequeue();
        }

        warned = false;
        return true;
    }

    /// <summary>Null when the entry is stored, else why it is not.</summary>
    private async Task<string?> StoreAsync(JournalEntry entry)
    {
        var limit = warned ? RetryLimit : AnswerLimit;
        using var deadline = new CancellationTokenSource(limit, time);
        try
        {
            // What does not even heed its cancellation is left behind; the entry's id makes a late success harmless.
            var result = await journal
                .AppendAsync(entry, epoch, deadline.Token)
                .WaitAsync(limit * 2, time)
                .ConfigureAwait(false);
            return result == AppendResult.Conflict ? throw new RunTakenOverException(run) : null;
        }
        catch (JournalUnwritableException e)
        {
            return e.Reason;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            return FormattableString.Invariant($"no answer within {limit.TotalSeconds} s");
        }
    }

    private void Warn(Message problem)
    {
        if (!warned)
        {
            warned = true;
            observer.Warned(problem);
        }
    }
}
