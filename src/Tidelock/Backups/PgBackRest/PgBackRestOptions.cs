namespace Tidelock.Backups.PgBackRest;

/// <summary><c>{ by: pgbackrest, stanza: main }</c>.</summary>
/// <param name="Stanza">The name pgBackRest knows the server by.</param>
/// <param name="Config">Its configuration file, as the change names it; null for its own default.</param>
/// <param name="Program">How it is started: the program and what comes before its own arguments.</param>
/// <param name="Take">What the run takes; null where it takes none.</param>
/// <param name="Verify">How long reading the whole repository may take.</param>
public sealed record PgBackRestOptions(
    string Stanza,
    string? Config,
    IReadOnlyList<string> Program,
    BackRestType? Take,
    TimeSpan Verify
)
{
    internal static readonly TimeSpan UsuallyWithin = TimeSpan.FromMinutes(30);

    /// <summary>How long a backup that the run takes may need.</summary>
    public TimeSpan Within { get; init; } = UsuallyWithin;
}

/// <summary>What a backup of pgBackRest holds.</summary>
public enum BackRestType
{
    /// <summary>All files.</summary>
    Full,

    /// <summary>What changed since the last full one.</summary>
    Diff,

    /// <summary>What changed since the last one of any kind.</summary>
    Incr,
}
