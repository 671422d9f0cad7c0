using System.Runtime.InteropServices;

namespace Tidelock.Watching;

/// <summary>A value of a signal, as small as a watch of many days needs it.</summary>
/// <param name="At">The time it stands for, in UTC ticks.</param>
/// <param name="Value">In the signal's unit.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Point(long At, double Value);
