using System.Runtime.InteropServices;

namespace Tidelock.Watching;

/// <summary>A value of a signal, as small as a watch of many days needs it.</summary>
/// <param name="At">The time it stands for, in UTC ticks.</param>
/// <param name="Value">In the signal's unit.</param>
/// <param name="Weight">Requests behind it; NaN where the probe does not count them.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Point(long At, double Value, double Weight)
{
    public bool IsWeighted => !double.IsNaN(Weight);

    /// <summary>Which of two values of the same moment counts, whichever came first.</summary>
    public bool Outweighs(Point other) => (Value, Weight).CompareTo((other.Value, other.Weight)) > 0;
}
