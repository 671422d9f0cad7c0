using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Crash.Host;

/// <summary>Says on standard output what happens, one line each, and has nobody to ask.</summary>
internal sealed class Onlooker : IRunObserver, IRunDialogue
{
    public void Happened(RunEvent e, RunState state) =>
        Console.WriteLine(e is StepEnded ended ? $"{e.GetType().Name} {ended.Step} {ended.Result}" : e.GetType().Name);

    public void Progressed(string step, Message progress) { }

    public void Warned(Message warning) => Console.WriteLine($"warning {warning.Code}: {warning}");

    public Task<InterruptAnswer?> AskAfterInterruptAsync(RunState state, CancellationToken cancellation) =>
        Task.FromResult<InterruptAnswer?>(null);
}
