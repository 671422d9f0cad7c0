using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>The PostgreSQL server programs of this machine, for throwaway clusters: rehearsals, the demo, tests.</summary>
/// <param name="Folder">Where postgres, initdb and pg_ctl are.</param>
/// <param name="Major">Their major version.</param>
public sealed record ServerPrograms(string Folder, int Major)
{
    public string InitDb => Path.Combine(Folder, "initdb");

    public string PgCtl => Path.Combine(Folder, "pg_ctl");

    /// <summary>
    /// Those of a server's own major version in TIDELOCK_PG_BIN (alone, when it is set), the distributions' folders and PATH, so that what is
    /// proven on them is proven for it; else the next newer ones. Where all are older, the newest of them: what that means the caller says.
    /// </summary>
    /// <param name="variables">This process's environment variables.</param>
    /// <param name="serverMajor">The server they stand for; 0 for the newest.</param>
    /// <exception cref="TidelockException"><c>postgres.programs.no-server</c>, with the command that installs it.</exception>
    public static async Task<ServerPrograms> FindAsync(
        IReadOnlyDictionary<string, string> variables,
        int serverMajor,
        CancellationToken cancellation
    )
    {
        var found = await ProgramFolders
            .FindAsync(variables, "postgres", ["initdb", "pg_ctl"], cancellation)
            .ConfigureAwait(false);
        return ProgramFolders.Closest(found, serverMajor) is { } f
            ? new ServerPrograms(f.Folder, f.Major)
            : throw new TidelockException(
                Message.Of(
                    "postgres.programs.no-server",
                    ("command", ProgramFolders.InstallCommand("postgresql", "postgresql-server"))
                ),
                ExitCode.Refused
            );
    }
}
