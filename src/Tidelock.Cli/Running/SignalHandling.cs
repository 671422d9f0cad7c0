using System.Runtime.InteropServices;
using System.Threading.Channels;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Running;

/// <summary>
/// What the signals mean while a run is under way: Ctrl-C asks the engine, SIGTERM suspends the run, a terminal that closes means
/// nothing. Before and after a run they mean what they always do.
/// </summary>
internal sealed class SignalHandling : IDisposable
{
    private readonly PosixSignalRegistration[] registrations;

    public SignalHandling(ChannelWriter<RunRequest> requests) =>
        registrations = [
            On(PosixSignal.SIGINT, () => requests.TryWrite(new RunRequest.Interrupt())),
            On(
                PosixSignal.SIGTERM,
                () => requests.TryWrite(new RunRequest.Suspend(Message.Of("cli.signal.terminated")))
            ),
            On(PosixSignal.SIGHUP, () => true),
        ];

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }
    }

    private static PosixSignalRegistration On(PosixSignal signal, Func<bool> act) =>
        PosixSignalRegistration.Create(
            signal,
            context =>
            {
                context.Cancel = true;
                act();
            }
        );
}
