using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>A run as machines read it: every event as it stands in the journal, one to a line; warnings on standard error.</summary>
internal sealed class JsonScreen(Terminal terminal) : IRunScreen
{
    private readonly Lock one = new();

    public void Happened(RunEvent e, RunState state)
    {
        lock (one)
        {
            terminal.Output.WriteLine(RunEvents.Format(e));
            terminal.Output.Flush();
        }
    }

    public void Progressed(string step, Message progress)
    {
        // Not an event: nothing was stored.
    }

    public void Warned(Message warning) => terminal.Problem(warning);

    public Task<char?> AskAsync(Message question, string keys, CancellationToken cancellation) =>
        Task.FromResult<char?>(null);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
