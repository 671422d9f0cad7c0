using System.Threading.Channels;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>
/// Brings commands from the journal's inbox to the engine, about once a second. A journal that cannot be read is tried again. Any other
/// fault is said at once; when it stays, the run is suspended, because nobody could stop it any more. A rollback is gone to its end all
/// the same.
/// </summary>
internal sealed class RunPump : IAsyncDisposable
{
    private const int MostFaults = 30;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private readonly IJournal journal;
    private readonly RunId run;
    private readonly IRunWriter writer;
    private readonly ChannelWriter<RunRequest> requests;
    private readonly IRunObserver observer;
    private readonly TimeProvider time;
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task loop;
    private int faults;

    public RunPump(
        IJournal journal,
        RunId run,
        IRunWriter writer,
        ChannelWriter<RunRequest> requests,
        IRunObserver observer,
        TimeProvider time
    )
    {
        (this.journal, this.run, this.writer, this.requests) = (journal, run, writer, requests);
        (this.observer, this.time) = (observer, time);
        loop = Task.Run(LoopAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task LoopAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await BringAsync().ConfigureAwait(false);
                faults = 0;
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is JournalUnwritableException or OperationCanceledException)
            {
                // The writer says so to people; commands wait in the inbox.
            }
            catch (Exception e)
            {
                Fault(Message.Of("runs.inbox-failed", ("run", run), ("kind", e.GetType().Name), ("reason", e.Message)));
            }

            await Task.Delay(Every, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Fault(Message problem)
    {
        faults++;
        if (faults == 1)
        {
            observer.Warned(problem);
        }

        if (faults >= MostFaults && writer.State.Rollback is null)
        {
            requests.TryWrite(new RunRequest.Suspend(problem));
        }
    }

    private async Task BringAsync()
    {
        using var deadline = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping.Token);
        var inbox = await journal.InboxAsync(run, either.Token).ConfigureAwait(false);
        foreach (var row in RunCommand.Pending(inbox, writer.State))
        {
            if (seen.Add(row.Id))
            {
                requests.TryWrite(new RunRequest.Command(row));
            }
        }
    }
}
