using System.Data;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Contracts;

/// <summary>One side of a comparison: a relation that is there, or a definition put in its place as a subquery.</summary>
/// <param name="Query">One query with all its rows.</param>
/// <param name="From">The same as an item of a FROM clause, without an alias.</param>
/// <param name="Schemas">Where its unqualified names are found.</param>
/// <param name="IsInlined">Whether it is a definition.</param>
internal sealed record ContentSide(string Query, string From, IReadOnlyList<string> Schemas, bool IsInlined)
{
    /// <summary>What stands for a row in the statements about it.</summary>
    public const string Row = "tidelock_row";

    public static ContentSide Of(RelationName relation) =>
        new($"table {relation.Sql}", relation.Sql, ["pg_catalog"], IsInlined: false);

    /// <summary>No temporary view: that would keep others from changing what it reads, and needs a privilege of its own.</summary>
    /// <param name="definition">One SELECT without a semicolon; anything else is refused by the server.</param>
    /// <param name="schemas">Where its unqualified names are found.</param>
    public static ContentSide Inlined(string definition, params IReadOnlyList<string> schemas) =>
        new(definition, $"(\n{definition}\n)", schemas, IsInlined: true);

    /// <summary>A column of the row, as SQL.</summary>
    public static string Column(string name) => $"{Row}.{Identifiers.Quote(name)}";

    /// <summary>Its columns by name with their types, without reading a row.</summary>
    public async Task<IReadOnlyDictionary<string, uint>> ColumnsAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Query));
        await using var reader = await batch
            .ExecuteReaderAsync(CommandBehavior.SchemaOnly, cancellation)
            .ConfigureAwait(false);
        var columns = new Dictionary<string, uint>(StringComparer.Ordinal);
        for (var i = 0; i < reader.FieldCount; i++)
        {
            // A name that stands there twice is refused by the server as soon as the column is read.
            columns.TryAdd(reader.GetName(i), reader.GetDataTypeOID(i));
        }

        return columns;
    }
}
