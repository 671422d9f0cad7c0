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
        return serverMajor == 0 || Restores(closest.Major, serverMajor)
            ? new ClientPrograms(closest.Folder, closest.Major)
            : throw new TidelockException(
                Message.Of(
                    closest.Major < serverMajor
                        ? "postgres.programs.client-too-old"
                        : "postgres.programs.client-too-new",
                    ("folder", closest.Folder),
                    ("major", closest.Major),
                    ("server", serverMajor)
                ),
                ExitCode.Refused
            );
    }

    /// <summary>Whether what these dump of a server can be restored into it again, by these.</summary>
    private static bool Restores(int major, int serverMajor) =>
        major >= serverMajor && (major < KnowsTransactionTimeout || serverMajor >= KnowsTransactionTimeout);

    private static string Debian(int serverMajor) =>
        serverMajor == 0 ? "postgresql-client" : FormattableString.Invariant($"postgresql-client-{serverMajor}");
}
