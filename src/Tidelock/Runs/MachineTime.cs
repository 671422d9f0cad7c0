using System.Runtime.InteropServices;

namespace Tidelock.Runs;

/// <summary>
/// The machine's clock with timestamps that go on while the machine sleeps. The system's own stand still meanwhile, so that a run would take
/// the time before the sleep and the time after it for one piece.
/// </summary>
public sealed partial class MachineTime : TimeProvider
{
    private const long Second = 1_000_000_000;
    private const int SinceBoot = 7;

    private MachineTime() { }

    /// <summary>Where the machine has no such clock, the system's.</summary>
    public static TimeProvider Clock { get; } =
        OperatingSystem.IsLinux() && GetTime(SinceBoot, out _) == 0 ? new MachineTime() : System;

    public override long TimestampFrequency => Second;

    public override long GetTimestamp()
    {
        _ = GetTime(SinceBoot, out var time);
        return (time.Seconds * Second) + time.Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Time
    {
        public readonly nint Seconds;
        public readonly nint Nanoseconds;
    }
}
