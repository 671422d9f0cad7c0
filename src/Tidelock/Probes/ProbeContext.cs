using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>What probes read with.</summary>
/// <param name="Target">The database of the run.</param>
/// <param name="ApplicationName">The application name of every connection.</param>
/// <param name="Every">One tick.</param>
/// <param name="Time">The clock.</param>
/// <param name="Handler">What HTTP requests go through; not disposed by probes.</param>
public sealed record ProbeContext(
    PostgresTarget Target,
    string ApplicationName,
    TimeSpan Every,
    TimeProvider Time,
    HttpMessageHandler Handler
)
{
    private const double ShareOfTick = 0.8;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>How long a source may take to answer, a second try included.</summary>
    public TimeSpan Timeout => TimeoutOf(Every);

    /// <summary>The same for a tick of another length.</summary>
    internal static TimeSpan TimeoutOf(TimeSpan every) => every * ShareOfTick < Longest ? every * ShareOfTick : Longest;

    /// <summary>A tick where nobody says otherwise.</summary>
    internal static TimeSpan UsualEvery { get; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a source may take to tell of the past.</summary>
    public static TimeSpan RangeTimeout { get; } = TimeSpan.FromSeconds(30);

    /// <summary>What a source that did not answer in time has to say for itself.</summary>
    internal Message TooLate => Message.Of("probes.too-late", ("timeout", Timeout));
}
