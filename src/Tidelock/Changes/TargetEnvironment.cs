namespace Tidelock.Changes;

/// <summary>A named database of a change (staging, production).</summary>
/// <param name="Name">As in the change file.</param>
/// <param name="Database">The connection string after <c>${VAR}</c> expansion: a secret, never shown or journaled.</param>
public sealed record TargetEnvironment(string Name, string Database)
{
    /// <summary>The connection string of the PgBouncer console that is told to reconnect after the change; empty for none. A secret too.</summary>
    public string PgBouncer { get; init; } = "";

    /// <summary>The connection string of a standby of the same server, where contents are compared; empty for none. A secret too.</summary>
    public string Standby { get; init; } = "";
}
