using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>Whether the indexes and statistics objects of a materialized view can be made on its new columns.</summary>
internal static class IndexedColumns
{
    /// <summary>Names what hangs on a column that the new definition does not have; null when nothing does.</summary>
    public static async Task<Message?> GoneAsync(
        PostgresSession session,
        RelationClosure there,
        IReadOnlyList<string> columns,
        CancellationToken cancellation
    )
    {
        var gone = await session
            .QueryAsync(
                SqlText.Beside<OpenTry>("IndexedColumns"),
                r => r.GetString(0),
                cancellation,
                new NpgsqlParameter { Value = there.Relation.Name.Sql },
                new NpgsqlParameter { Value = columns.ToArray() }
            )
            .ConfigureAwait(false);
        return gone.Count == 0
            ? null
            : Message.Of(
                "migrations.view.indexed-columns",
                ("relation", there.Relation.Name),
                ("things", string.Join(", ", gone))
            );
    }
}
