namespace Tidelock.Postgres;

/// <summary>How a throwaway cluster is made.</summary>
public sealed record LocalClusterOptions
{
    /// <summary>The folder the cluster's own temporary folder is made in; null for the system's temporary folder.</summary>
    public string? Parent { get; init; }

    /// <summary>The server programs; null for the newest found.</summary>
    public ServerPrograms? Programs { get; init; }

    /// <summary>Whether 127.0.0.1 is listened on too (with a password); the socket in the cluster's folder always is.</summary>
    public bool ListensOnTcp { get; init; } = true;

    /// <summary>How long the server may take until it lets somebody in: one that recovers first takes as long as its log is.</summary>
    public TimeSpan StartsWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Lines for postgresql.conf, stronger than ours: <c>shared_preload_libraries = pg_stat_statements</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);
}
