using Tidelock.Postgres;
using Tidelock.Programs;

namespace Tidelock.Backups;

/// <summary>Finds pg_dump and pg_restore when they are needed, and not before: a change without a backup needs neither.</summary>
internal sealed class BackupPrograms
{
    /// <summary>The client programs for a server.</summary>
    /// <exception cref="TidelockException"><c>postgres.programs.*</c>: missing, or older than the server.</exception>
    public Task<ClientPrograms> FindAsync(int serverMajor, CancellationToken cancellation) =>
        ClientPrograms.FindAsync(ProcessVariables.Read(), serverMajor, cancellation);
}
