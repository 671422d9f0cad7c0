using System.Runtime.InteropServices;

namespace Tidelock.Watching;

/// <summary>When values of a signal can be expected.</summary>
/// <param name="Every">How far apart they are: a tick, or more where the source has fewer.</param>
/// <param name="Delay">How long ago the newest may stand for.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SignalPace(TimeSpan Every, TimeSpan Delay)
{
    private const double Jitter = 1.05;

    /// <summary>The time before it that a value stands for: up to the value before, and not farther than ticks are apart.</summary>
    public TimeSpan Reach => Every * Jitter;

    /// <summary>How old the newest value is at most while nothing is missing.</summary>
    public TimeSpan Oldest => Delay + Reach;
}
