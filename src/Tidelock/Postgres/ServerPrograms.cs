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
    /// The newest in TIDELOCK_PG_BIN (alone, when it is set), the distributions' folders and PATH.
    /// </summary>
    /// <exception cref="TidelockException"><c>postgres.programs.no-server</c>, with the command that installs it.</exception>
    public static async Task<ServerPrograms> FindAsync(
        IReadOnlyDictionary<string, string> variables,
        CancellationToken cancellation
    )
    {
        var found = await ProgramFolders
            .NewestAsync(variables, "postgres", ["initdb", "pg_ctl"], cancellation)
            .ConfigureAwait(false);
        return found is { } f
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
