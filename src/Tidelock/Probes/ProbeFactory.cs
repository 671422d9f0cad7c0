using Tidelock.Postgres;

namespace Tidelock.Probes;

/// <summary>Makes the probes of a watch.</summary>
/// <param name="kinds">The kinds of probes there are.</param>
/// <param name="time">The clock.</param>
/// <param name="handler">What HTTP requests go through; the ordinary way where it is null.</param>
public sealed class ProbeFactory(IReadOnlyList<IProbeKind> kinds, TimeProvider time, HttpMessageHandler? handler = null)
{
    private readonly HttpMessageHandler handler = handler ?? ProbeHttp.NewHandler();

    /// <summary>The same probes, by another clock.</summary>
    public ProbeFactory By(TimeProvider clock) => new(kinds, clock, handler);

    /// <summary>
    /// One probe for each source that several signals come from; an <see cref="IRangeProbe"/> where the source keeps the past. Nothing is
    /// opened before the first reading.
    /// </summary>
    public IReadOnlyList<IProbe> Create(
        IReadOnlyList<ProbeOptions> declared,
        PostgresTarget target,
        string applicationName,
        TimeSpan every
    )
    {
        var context = new ProbeContext(target, applicationName, every, time, handler);
        return [.. kinds.SelectMany(k => k.Create(declared, context)).Select(p => Guarded(p, context))];
    }

    private static IProbe Guarded(IProbe probe, ProbeContext context) =>
        probe is IRangeProbe range ? new GuardedRangeProbe(range, context) : new GuardedProbe(probe, context);
}
