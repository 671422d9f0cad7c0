using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Migrations;

/// <summary>Looks into <c>pg_locks</c> for who holds relations.</summary>
internal static class BlockerSearch
{
    /// <summary>All sessions that hold any lock on one of the relations, oldest transaction first. ACCESS EXCLUSIVE conflicts with all.</summary>
    public static async Task<IReadOnlyList<Blocker>> FindAsync(
        PostgresSession session,
        IReadOnlyList<RelationName> relations,
        CancellationToken cancellation
    )
    {
        var found = await session
            .QueryAsync(
                SqlText.Beside<Blocker>("Blockers"),
                r => new Blocker(
                    r.GetInt32(0),
                    r.GetString(1),
                    r.GetString(2),
                    TimeSpan.FromSeconds(Math.Max(0, r.GetDouble(3))),
                    r.GetString(4),
                    r.GetString(5),
                    new RelationName(r.GetString(6), r.GetString(7))
                ),
                cancellation,
                new NpgsqlParameter { Value = relations.Select(r => r.Schema).ToArray() },
                new NpgsqlParameter { Value = relations.Select(r => r.Name).ToArray() }
            )
            .ConfigureAwait(false);
        return found.DistinctBy(b => b.ProcessId == 0 ? b.State : $"{b.ProcessId}").ToList();
    }
}
