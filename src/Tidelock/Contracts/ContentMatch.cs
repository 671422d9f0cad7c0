using System.Globalization;
using System.Text.Json;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Contracts;

/// <summary>Both sides matched by key in one statement: how many rows are on one side only and how many changed, per column.</summary>
/// <param name="OnlyOld">Rows of the old side alone.</param>
/// <param name="OnlyNew">Rows of the new side alone.</param>
/// <param name="Changed">In how many rows each column differs.</param>
/// <param name="OnlyOldExample">The smallest key among them; null for none.</param>
/// <param name="OnlyNewExample">The smallest key among them; null for none.</param>
/// <param name="Examples">The smallest key where a column differs, with both values; null for none.</param>
internal sealed record ContentMatch(
    long OnlyOld,
    long OnlyNew,
    IReadOnlyList<long> Changed,
    string? OnlyOldExample,
    string? OnlyNewExample,
    IReadOnlyList<ContentExample?> Examples
)
{
    private const int ExampleLength = 120;

    /// <param name="session">With the search path of the side that is inlined.</param>
    /// <param name="names">The columns that are looked at.</param>
    public static async Task<ContentMatch> ReadAsync(
        PostgresSession session,
        ContentSide old,
        ContentSide @new,
        ContentColumns columns,
        IReadOnlyList<string> names,
        double? sample,
        CancellationToken cancellation
    )
    {
        var texts = names.Select(n => columns.Compared.First(c => c.Name == n).Text).ToList();
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(OwnStatement.Mark(Sql(old, @new, columns.Key, texts, sample))));
        await using var reader = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await reader.ReadAsync(cancellation).ConfigureAwait(false);
        string? Text(int i) => reader.IsDBNull(i) ? null : reader.GetString(i);
        return new ContentMatch(
            reader.GetInt64(0),
            reader.GetInt64(1),
            [.. names.Select((_, i) => reader.GetInt64(4 + (2 * i)))],
            Text(2),
            Text(3),
            [.. names.Select((_, i) => ContentExample.Parse(Text(5 + (2 * i))))]
        );
    }

    private static string Sql(ContentSide old, ContentSide @new, string key, List<string> texts, double? sample)
    {
        var parts = new[]
        {
            "pg_catalog.count(*) filter (where n.k is null)",
            "pg_catalog.count(*) filter (where o.k is null)",
            "pg_catalog.min(o.k) filter (where n.k is null)",
            "pg_catalog.min(n.k) filter (where o.k is null)",
        }.Concat(
            texts.SelectMany(
                (_, i) =>
                {
                    var differs = $"o.k is not null and n.k is not null and o.c{i} is distinct from n.c{i}";
                    return new[]
                    {
                        $"pg_catalog.count(*) filter (where {differs})",
                        $"pg_catalog.min(pg_catalog.jsonb_build_array(o.k, {Short("o", i)}, {Short("n", i)})::pg_catalog.text collate pg_catalog.\"C\")"
                            + $" filter (where {differs})",
                    };
                }
            )
        );
        return $"""
            select {string.Join(",\n  ", parts)}
            from ({Side(old, key, texts, sample)}) o full join ({Side(@new, key, texts, sample)}) n on o.k = n.k
            """;
    }

    /// <summary>All rows are matched; the values of those outside a sample are left out on both sides.</summary>
    private static string Side(ContentSide side, string key, List<string> texts, double? sample)
    {
        var hash = $"pg_catalog.hashtextextended({key}, 0)";
        var columns = texts.Select(
            (t, i) =>
                sample is null
                    ? $", {t} as c{i}"
                    : $", case when {ContentDigest.IsSampled(sample, hash)} then {t} end as c{i}"
        );
        return $"select {key} as k{string.Concat(columns)} from {side.From} {ContentSide.Row}";
    }

    private static string Short(string side, int column) =>
        string.Create(CultureInfo.InvariantCulture, $"pg_catalog.left({side}.c{column}, {ExampleLength})");
}

/// <summary>A row in which a column differs.</summary>
/// <param name="Key">Its key, as PostgreSQL writes a row: <c>(session-1,1020)</c>.</param>
/// <param name="Old">The old value as text, at most 120 characters; null for NULL.</param>
/// <param name="New">The new value.</param>
public sealed record ContentExample(string Key, string? Old, string? New)
{
    internal static ContentExample? Parse(string? json)
    {
        if (json is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(json);
        var parts = document.RootElement;
        return new ContentExample(parts[0].GetString()!, parts[1].GetString(), parts[2].GetString());
    }

    public override string ToString() => $"{Key}: {Old ?? "NULL"} → {New ?? "NULL"}";
}
