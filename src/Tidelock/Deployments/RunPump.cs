using System.Threading.Channels;
using Tidelock.Runs;

namespace Tidelock.Deployments;

/// <summary>Brings commands from the journal's inbox to the engine, about once a second. A journal that cannot be read is tried again.</summary>
internal sealed class RunPump : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stopping = new();
    private readonly Task loop;

    public RunPump(
        IJournal journal,
        RunId run,
        IRunWriter writer,
        ChannelWriter<RunRequest> requests,
        TimeProvider time
    ) => loop = Task.Run(() => LoopAsync(journal, run, writer, requests, time));

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task LoopAsync(
        IJournal journal,
        RunId run,
        IRunWriter writer,
        ChannelWriter<RunRequest> requests,
        TimeProvider time
    )
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            while (true)
            {
                await BringAsync(journal, run, writer, requests, seen).ConfigureAwait(false);
                await Task.Delay(Every, time, stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    private async Task BringAsync(
        IJournal journal,
        RunId run,
        IRunWriter writer,
        ChannelWriter<RunRequest> requests,
        HashSet<string> seen
    )
    {
        try
        {
            foreach (var row in await journal.InboxAsync(run, stopping.Token).ConfigureAwait(false))
            {
                if (!writer.State.TakenCommands.Contains(row.Id) && seen.Add(row.Id))
                {
                    requests.TryWrite(new RunRequest.Command(row));
                }
            }
        }
        catch (JournalUnwritableException)
        {
            // The writer says so to people; commands wait in the inbox.
        }
    }
}
