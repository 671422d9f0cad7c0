using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>Backends that a test makes stand still.</summary>
internal static class Backends
{
    private const int StopSignal = 19;
    private const int ContinueSignal = 18;

    public static void Stop(int pid) => Send(pid, StopSignal);

    public static void Continue(int pid) => Send(pid, ContinueSignal);

    /// <summary>No process is 0 or less: the signal would reach the whole group, with the tests in it.</summary>
    private static void Send(int pid, int signal)
    {
        Assert.True(pid > 1, $"no backend: {pid}");
        Signals.Send(pid, signal);
    }
}
