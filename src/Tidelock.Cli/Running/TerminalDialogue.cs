using Tidelock.Cli.Rendering;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Running;

/// <summary>Asks the person at the terminal after Ctrl-C. A second Ctrl-C while the question stands means: leave it.</summary>
internal sealed class TerminalDialogue(IRunScreen screen) : IRunDialogue
{
    private readonly Lock one = new();
    private CancellationTokenSource? asking;

    public async Task<InterruptAnswer?> AskAfterInterruptAsync(RunState state, CancellationToken cancellation)
    {
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (Begin(mine) is { } earlier)
        {
            await earlier.CancelAsync();
            return InterruptAnswer.Leave;
        }

        try
        {
            return Meaning(await screen.AskAsync(Message.Of("cli.interrupt.question"), "krl", mine.Token));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return InterruptAnswer.Leave;
        }
        finally
        {
            lock (one)
            {
                asking = null;
            }
        }
    }

    private CancellationTokenSource? Begin(CancellationTokenSource mine)
    {
        lock (one)
        {
            if (asking is { } earlier)
            {
                return earlier;
            }

            asking = mine;
            return null;
        }
    }

    private static InterruptAnswer? Meaning(char? key) =>
        key switch
        {
            'k' => InterruptAnswer.KeepWatching,
            'r' => InterruptAnswer.RollBack,
            'l' => InterruptAnswer.Leave,
            _ => null,
        };
}
