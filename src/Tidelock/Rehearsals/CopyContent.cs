using System.Globalization;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// What stands in the rows of a copy: of the relation, every column of every row evaluated, and of tables where SQL of the author's could change
/// them. Two that are equal have the same rows in whatever order.
/// </summary>
/// <param name="Relation">Of the relation; null where there is none, or its rows are not read.</param>
/// <param name="Tables">Of the tables.</param>
internal sealed record CopyContent(RowDigest? Relation, IReadOnlyDictionary<RelationName, RowDigest> Tables)
{
    /// <param name="session">A superuser's: row security hides nothing from it.</param>
    /// <param name="relation">Whose rows are evaluated; null for none.</param>
    /// <param name="tables">Whose rows are read.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="PostgresException">The relation cannot be evaluated.</exception>
    public static async Task<CopyContent> ReadAsync(
        PostgresSession session,
        RelationName? relation,
        IEnumerable<RelationName> tables,
        CancellationToken cancellation
    )
    {
        var digests = new Dictionary<RelationName, RowDigest>();
        foreach (var table in tables)
        {
            if (await IsThereAsync(session, table, cancellation).ConfigureAwait(false))
            {
                digests[table] = await DigestAsync(session, "only " + table.Sql, cancellation).ConfigureAwait(false);
            }
        }

        var isThere = relation is not null && await IsThereAsync(session, relation, cancellation).ConfigureAwait(false);
        return new CopyContent(
            isThere ? await DigestAsync(session, relation!.Sql, cancellation).ConfigureAwait(false) : null,
            digests
        );
    }

    /// <summary>What is not as it was; none where all is.</summary>
    public IReadOnlyList<Message> Differences(RelationName? relation, CopyContent later) =>
        [
            .. Tables
                .Where(t => later.Tables.GetValueOrDefault(t.Key) != t.Value)
                .Select(t => Difference(t.Key, t.Value, later.Tables.GetValueOrDefault(t.Key))),
            .. Relation == later.Relation || relation is null
                ? Array.Empty<Message>()
                : [Difference(relation, Relation, later.Relation)],
        ];

    private static Message Difference(RelationName name, RowDigest? before, RowDigest? after) =>
        before is not null && before.Rows == after?.Rows
            ? Message.Of("rehearsals.data.other-values", ("relation", name), ("rows", before.Rows))
            : Message.Of(
                "rehearsals.data.other-rows",
                ("relation", name),
                ("before", Number(before?.Rows)),
                ("after", Number(after?.Rows))
            );

    private static string Number(long? rows) => rows?.ToString(CultureInfo.InvariantCulture) ?? "–";

    private static Task<bool> IsThereAsync(
        PostgresSession session,
        RelationName name,
        CancellationToken cancellation
    ) =>
        session.ScalarAsync<bool>(
            "select to_regclass($1) is not null",
            cancellation,
            new NpgsqlParameter { Value = name.Sql }
        );

    private static async Task<RowDigest> DigestAsync(
        PostgresSession session,
        string from,
        CancellationToken cancellation
    )
    {
        await using var command = new NpgsqlCommand(
            $"select count(*), coalesce(sum(hashtextextended(tidelock_row::text, 0)::numeric), 0)::text from {from} tidelock_row",
            session.Connection
        )
        {
            CommandTimeout = 0,
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        return new RowDigest(reader.GetInt64(0), reader.GetString(1));
    }
}

/// <summary>Rows and the sum of their texts' hashes.</summary>
internal sealed record RowDigest(long Rows, string Sum);
