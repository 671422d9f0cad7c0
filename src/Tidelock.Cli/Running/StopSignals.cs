using System.Runtime.InteropServices;

namespace Tidelock.Cli.Running;

/// <summary>Signals that cancel what a verb does, so that it can tidy up, instead of ending the program at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource stop;
    private readonly List<PosixSignalRegistration> registrations;

    /// <param name="signals">Which.</param>
    /// <param name="cancellation">Cancels it as well.</param>
    public StopSignals(IEnumerable<PosixSignal> signals, CancellationToken cancellation)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        registrations = [.. signals.Select(s => PosixSignalRegistration.Create(s, Stop))];
    }

    public CancellationToken Token => stop.Token;

    public void Dispose()
    {
        registrations.ForEach(r => r.Dispose());
        stop.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}
