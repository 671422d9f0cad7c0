using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Whether a dump would put data of production, unencrypted, on another machine than the database's. That takes a named person's consent.
/// </summary>
internal static class PlainElsewhere
{
    /// <summary>What a person would have to consent to; null where there is nothing of the kind.</summary>
    /// <param name="options">An encrypted dump may lie anywhere.</param>
    /// <param name="isProduction">What is in the staging environment may lie anywhere, too.</param>
    /// <param name="target">The database.</param>
    /// <param name="cancellation">Ends the look.</param>
    public static async Task<Message?> ProblemAsync(
        BackupOptions options,
        bool isProduction,
        PostgresTarget target,
        CancellationToken cancellation
    )
    {
        if (options.By != BackupSource.PgDump || options.Encrypt is not null || !isProduction)
        {
            return null;
        }

        await using var session = await PostgresSession
            .OpenAsync(target, "tidelock/backup", cancellation)
            .ConfigureAwait(false);
        return await SameMachine.IsAsync(session, cancellation).ConfigureAwait(false)
            ? null
            : Message.Of("backups.elsewhere", ("machine", Environment.MachineName));
    }
}
