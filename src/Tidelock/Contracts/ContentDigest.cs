using System.Globalization;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Contracts;

/// <summary>
/// A side in a few numbers, from one evaluation in constant memory. A value's hash is seeded with that of its row's key, so that a sum of
/// them sees values that change places; with a unique key, equal sums of every column are equal rows.
/// </summary>
/// <param name="Rows">How many rows there are.</param>
/// <param name="NullKeys">How many of them have a null in the key.</param>
/// <param name="DoubleKeys">How many are too many for the key to be unique; two keys of one 64-bit hash count as one.</param>
/// <param name="Sampled">How many rows' values went into the columns' digests.</param>
/// <param name="Keys">The digest of all keys.</param>
/// <param name="Columns">The digest of each compared column, in order.</param>
/// <param name="Also">What else was asked for.</param>
internal sealed record ContentDigest(
    long Rows,
    long NullKeys,
    long DoubleKeys,
    long Sampled,
    string? Keys,
    IReadOnlyList<string?> Columns,
    IReadOnlyList<long> Also
)
{
    private const int Fixed = 5;

    /// <param name="also">Counts over <see cref="ContentSide.Row"/> that are taken on the way.</param>
    public static async Task<ContentDigest> ReadAsync(
        PostgresSession session,
        ContentSide side,
        ContentColumns columns,
        double? sample,
        IReadOnlyList<string> also,
        CancellationToken cancellation
    )
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(OwnStatement.Mark(Sql(side, columns, sample, also))));
        await using var reader = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        var values = Enumerable
            .Range(0, reader.FieldCount)
            .Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))
            .ToList();
        return new ContentDigest(
            Number(values[0]),
            Number(values[1]),
            Number(values[2]),
            Number(values[3]),
            values[4],
            values[Fixed..(Fixed + columns.Compared.Count)],
            [.. values.Skip(Fixed + columns.Compared.Count).Select(Number)]
        );
    }

    /// <summary>The part of the rows a sample has, as a condition on the key's hash.</summary>
    public static string IsSampled(double? sample, string hash) =>
        sample is { } part
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{hash} < '{(long)(long.MinValue + (part * ulong.MaxValue))}'::pg_catalog.int8"
            )
            : "true";

    private static string Sql(ContentSide side, ContentColumns columns, double? sample, IReadOnlyList<string> also)
    {
        var sampled = sample is null ? "" : $" filter (where {IsSampled(sample, "tidelock_key.hash")})";
        var parts = new[]
        {
            "pg_catalog.count(*)",
            "pg_catalog.count(*) filter (where tidelock_key.is_null)",
            "pg_catalog.count(*) - pg_catalog.count(distinct tidelock_key.hash)",
            $"pg_catalog.count(*){sampled}",
            "pg_catalog.sum(tidelock_key.hash)",
        }
            .Concat(
                columns.Compared.Select(c =>
                    $"pg_catalog.sum(pg_catalog.hashtextextended({c.Text}, tidelock_key.hash)){sampled}"
                )
            )
            .Concat(also);

        // OFFSET keeps the key from being computed once more for every column.
        return $"""
            select {string.Join(",\n  ", parts.Select(p => $"({p})::pg_catalog.text"))}
            from {side.From} {ContentSide.Row} cross join lateral (
              select pg_catalog.hashtextextended({columns.Key}, 0) as hash, {columns.KeyNull} as is_null offset 0
            ) tidelock_key
            """;
    }

    private static long Number(string? text) => long.Parse(text!, CultureInfo.InvariantCulture);
}
