using Tidelock.Backups.Dumps;
using Tidelock.Postgres;
using Tidelock.Programs;

namespace Tidelock.Backups;

/// <summary>Finds PostgreSQL's programs when they are needed, and not before: a change without a backup needs no pg_dump.</summary>
/// <param name="variables">Environment variables that tell where to look; null for this process's.</param>
internal sealed class BackupPrograms(IReadOnlyDictionary<string, string>? variables = null)
{
    private IReadOnlyDictionary<string, string> Variables => variables ?? ProcessVariables.Read();

    /// <summary>The client programs for a server.</summary>
    /// <exception cref="TidelockException"><c>postgres.programs.*</c>: missing, or older than the server.</exception>
    public Task<ClientPrograms> FindAsync(int serverMajor, CancellationToken cancellation) =>
        ClientPrograms.FindAsync(Variables, serverMajor, cancellation);

    /// <summary>The client programs that copy from one server to another.</summary>
    /// <exception cref="TidelockException"><c>postgres.programs.*</c>.</exception>
    public async Task<ClientPrograms> BetweenAsync(int dumped, int restored, CancellationToken cancellation) =>
        (await ClientPrograms.SuitableAsync(Variables, dumped, restored, cancellation).ConfigureAwait(false))[0];

    /// <summary>
    /// The client programs for a backup that is there: the nearest whose pg_restore reads it, because others may have been installed since it was
    /// taken. Where none does, the nearest, which tells why.
    /// </summary>
    /// <exception cref="TidelockException"><c>postgres.programs.*</c>.</exception>
    public async Task<ClientPrograms> ReadingAsync(string path, int serverMajor, CancellationToken cancellation)
    {
        var suitable = await ClientPrograms
            .SuitableAsync(Variables, serverMajor, serverMajor, cancellation)
            .ConfigureAwait(false);
        foreach (var clients in suitable)
        {
            var (list, _) = await DumpList.ReadAsync(clients, Backup.DumpAt(path), cancellation).ConfigureAwait(false);
            if (list is not null)
            {
                return clients;
            }
        }

        return suitable[0];
    }

    /// <summary>The programs of a server of this version, or of another where there is none.</summary>
    /// <exception cref="TidelockException"><c>postgres.programs.no-server</c>.</exception>
    public Task<ServerPrograms> ServersAsync(int serverMajor, CancellationToken cancellation) =>
        ServerPrograms.FindAsync(Variables, serverMajor, cancellation);
}
