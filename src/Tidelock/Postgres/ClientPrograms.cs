using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>The PostgreSQL client programs of this machine: the real ones, not a distribution's slow wrappers.</summary>
/// <param name="Folder">Where psql, pg_dump and pg_restore are.</param>
/// <param name="Major">Their major version. pg_dump refuses servers that are newer.</param>
public sealed record ClientPrograms(string Folder, int Major)
{
    public string Psql => Path.Combine(Folder, "psql");

    public string PgDump => Path.Combine(Folder, "pg_dump");

    public string PgRestore => Path.Combine(Folder, "pg_restore");

    /// <summary>pg_restore of this and later versions begins with SET transaction_timeout, which servers before it refuse.</summary>
    private const int KnowsTransactionTimeout = 17;

    /// <summary>
    /// Those of the server's own major version in TIDELOCK_PG_BIN (alone, when it is set), the distributions' folders and PATH; where there
    /// are none, the next newer ones whose pg_restore can still restore into that server. An older pg_restore does not read what a newer
    /// pg_dump wrote, so the choice is made before anything is dumped.
    /// </summary>
    /// <param name="variables">This process's environment variables.</param>
    /// <param name="serverMajor">The server they must be able to dump and to restore; 0 for the newest, when they need not do either.</param>
    /// <exception cref="TidelockException"><c>postgres.programs.no-client</c>, <c>postgres.programs.client-too-old</c>, <c>postgres.programs.client-too-new</c>.</exception>
    public static async Task<ClientPrograms> FindAsync(
        IReadOnlyDictionary<string, string> variables,
        int serverMajor,
        CancellationToken cancellation
    ) => (await SuitableAsync(variables, serverMajor, serverMajor, cancellation).ConfigureAwait(false))[0];

    /// <summary>All that can dump the one server and restore that into the other, the best first; not one is a refusal.</summary>
    /// <param name="variables">This process's environment variables.</param>
    /// <param name="serverMajor">The server that is dumped, as for <see cref="FindAsync"/>.</param>
    /// <param name="restoredMajor">The server that the dump is restored into: no older.</param>
    /// <exception cref="TidelockException">As for <see cref="FindAsync"/>.</exception>
    internal static async Task<IReadOnlyList<ClientPrograms>> SuitableAsync(
        IReadOnlyDictionary<string, string> variables,
        int serverMajor,
        int restoredMajor,
        CancellationToken cancellation
    )
    {
        var found = await ProgramFolders
            .FindAsync(variables, "pg_dump", ["psql", "pg_restore"], cancellation)
            .ConfigureAwait(false);
        var closest =
            ProgramFolders.Closest(found, serverMajor)
            ?? throw new TidelockException(
                Message.Of(
                    "postgres.programs.no-client",
                    ("command", ProgramFolders.InstallCommand(Debian(serverMajor), "postgresql"))
                ),
                ExitCode.Refused
            );
        if (serverMajor == 0)
        {
            return [new ClientPrograms(closest.Folder, closest.Major)];
        }

        var suitable = found
            .Where(f => f.Major >= serverMajor && Restores(f.Major, restoredMajor))
            .OrderBy(f => f.Major < restoredMajor)
            .ThenBy(f => f.Major)
            .Select(f => new ClientPrograms(f.Folder, f.Major))
            .ToList();
        return suitable.Count > 0
            ? suitable
            : throw new TidelockException(
                Message.Of(
                    closest.Major < serverMajor
                        ? "postgres.programs.client-too-old"
                        : "postgres.programs.client-too-new",
                    ("folder", closest.Folder),
                    ("major", closest.Major),
                    ("server", closest.Major < serverMajor ? serverMajor : restoredMajor)
                ),
                ExitCode.Refused
            );
    }

    private static bool Restores(int major, int restoredMajor) =>
        major < KnowsTransactionTimeout || restoredMajor >= KnowsTransactionTimeout;

    private static string Debian(int serverMajor) =>
        serverMajor == 0 ? "postgresql-client" : FormattableString.Invariant($"postgresql-client-{serverMajor}");
}
