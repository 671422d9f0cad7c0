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

    /// <summary>
    /// The newest in TIDELOCK_PG_BIN (alone, when it is set), the distributions' folders and PATH.
    /// </summary>
    /// <param name="variables">This process's environment variables.</param>
    /// <param name="serverMajor">The server they must be able to dump; 0 when they need not dump any.</param>
    /// <exception cref="TidelockException"><c>postgres.programs.no-client</c>, <c>postgres.programs.client-too-old</c>.</exception>
    public static async Task<ClientPrograms> FindAsync(
        IReadOnlyDictionary<string, string> variables,
        int serverMajor,
        CancellationToken cancellation
    )
    {
        var install = ProgramFolders.InstallCommand("postgresql-client", "postgresql");
        var found =
            await ProgramFolders
                .NewestAsync(variables, "pg_dump", ["psql", "pg_restore"], cancellation)
                .ConfigureAwait(false)
            ?? throw new TidelockException(
                Message.Of("postgres.programs.no-client", ("command", install)),
                ExitCode.Refused
            );
        return found.Major >= serverMajor
            ? new ClientPrograms(found.Folder, found.Major)
            : throw new TidelockException(
                Message.Of(
                    "postgres.programs.client-too-old",
                    ("folder", found.Folder),
                    ("major", found.Major),
                    ("server", serverMajor)
                ),
                ExitCode.Refused
            );
    }
}
