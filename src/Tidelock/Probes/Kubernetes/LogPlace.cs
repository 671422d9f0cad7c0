using System.Runtime.InteropServices;

namespace Tidelock.Probes.Kubernetes;

/// <summary>How far a log has been read.</summary>
/// <param name="At">The newest line's time.</param>
/// <param name="Lines">How many lines have that very time; 0 where no line was read.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LogPlace(DateTimeOffset At, int Lines)
{
    public LogPlace Then(DateTimeOffset at) =>
        Lines == 0 || at > At ? new LogPlace(at, 1)
        : at == At ? this with { Lines = Lines + 1 }
        : this;

    /// <summary>Whether a line lies before this place, read again; of those with its very time, as many as there were.</summary>
    public bool Has(DateTimeOffset at) => at < At || (at == At && Lines > 0);

    /// <summary>What is left of it once such a line has come again.</summary>
    public LogPlace Less(DateTimeOffset at) => at == At ? this with { Lines = Lines - 1 } : this;
}
