using Tidelock.Backups;
using Tidelock.Backups.Losses;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>What a backup writes down, without a dump: so that it can be had of servers whose pg_dump this machine lacks.</summary>
internal static class Manifests
{
    public static async Task<BackupManifest> OfAsync(PostgresSession session)
    {
        var epoch = await TableStates.EpochAsync(session, CancellationToken.None);
        var tables = await TableStates.ReadAsync(session, CancellationToken.None);
        var snapshot = await session.ScalarAsync<string>("select pg_current_snapshot()::text", CancellationToken.None);
        var counted = new List<TableState>();
        foreach (var table in tables)
        {
            counted.Add(table with { Rows = await TableStates.CountAsync(session, table, CancellationToken.None) });
        }

        var at = TimeProvider.System.GetUtcNow();
        return new BackupManifest(
            "test",
            await ServerIdentity.ReadAsync(session, CancellationToken.None),
            session.Connection.ServerVersion,
            "0/0",
            at,
            at,
            0,
            await SourceSettings.ReadAsync(session, CancellationToken.None),
            epoch,
            counted,
            await RelationGrant.ReadAsync(session, CancellationToken.None),
            [],
            0
        )
        {
            Snapshot = snapshot,
            Others = await TableStates.OthersAsync(session, CancellationToken.None),
        };
    }
}
