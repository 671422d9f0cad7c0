using Tidelock.Changes;

namespace Tidelock.Probes;

/// <summary>
/// A kind of probe as authors declare it under <c>watch.probes</c>. Reading adds mistakes instead of throwing, is pure, and
/// happens more than once.
/// </summary>
public interface IProbeKind
{
    /// <summary>The key that says which kind a probe is: <c>postgres</c>, <c>prometheus</c>.</summary>
    string Key { get; }

    /// <summary>The schema of one probe of this kind: a JSON object in a <c>.schema.json</c> file beside the class.</summary>
    string SchemaFragment { get; }

    /// <summary>The schema of <c>watch.KEY</c>, settings that all probes of this kind share; null where they share none.</summary>
    string? SharedSchema => null;

    /// <summary>Reads <c>watch.KEY</c> for its mistakes, which are told even where no probe uses it.</summary>
    void ReadShared(ChangeNode shared) { }

    /// <summary>The probe; null where a mistake leaves none.</summary>
    /// <param name="signal">The name criteria use.</param>
    /// <param name="probe">Its declaration: a mapping that has <see cref="Key"/>.</param>
    /// <param name="watch">The section <c>watch:</c>, for settings that several probes share.</param>
    ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch);

    /// <summary>The probes that read what is declared of this kind: as few as the source allows; none where none is declared.</summary>
    /// <param name="declared">All probes of the watch, of every kind.</param>
    /// <param name="context">What they read with.</param>
    IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context);
}
