using System.Globalization;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>
/// One pass over a relation that evaluates every column of every row: <c>count(*)</c> alone evaluates none. The whole row becomes text,
/// as a client would get it, and nulls and keys are counted on the way.
/// </summary>
internal static class ContentEvaluation
{
    private const string Row = ContentSide.Row;

    public static async Task<(List<Message> Violations, long Rows)> RunAsync(
        BoundedRead read,
        Contract contract,
        RelationName relation,
        ContentSide side,
        CancellationToken cancellation
    )
    {
        try
        {
            var counts = await read.RunAsync(
                    side.Schemas,
                    token => read.RowsAsync(Query(contract, side), 1, token),
                    cancellation
                )
                .ConfigureAwait(false);
            var numbers = counts.Rows[0].Select(v => long.Parse(v!, CultureInfo.InvariantCulture)).ToList();
            return (Violations(contract, relation, numbers[2..]).ToList(), numbers[0]);
        }
        catch (TimeoutException)
        {
            return ([Message.Of("contracts.content.timeout", ("relation", relation))], 0);
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            var columns = await FailingColumnsAsync(read, contract, side, cancellation).ConfigureAwait(false);
            return (
                [
                    Message.Of(
                        "contracts.content.failed",
                        ("relation", relation),
                        ("state", e.SqlState),
                        ("reason", e.MessageText),
                        ("columns", string.Join(", ", columns))
                    ),
                ],
                0
            );
        }
    }

    /// <summary>Over <see cref="ContentSide.Row"/>: the nulls per column that must have none, then the doubles per key.</summary>
    public static IReadOnlyList<string> Counts(Contract contract) =>
        [
            .. NeverNull(contract).Select(c => $"pg_catalog.count(*) filter (where {Column(c.Name)} is null)"),
            .. contract.Unique.Select(Doubles),
        ];

    /// <summary>How many rows, their length as text, then the counts.</summary>
    private static string Query(Contract contract, ContentSide side)
    {
        var parts = new[]
        {
            "pg_catalog.count(*)",
            $"coalesce(pg_catalog.sum(pg_catalog.octet_length({Row}::pg_catalog.text)), 0)",
        }.Concat(Counts(contract));
        return $"select {string.Join(", ", parts)} from {side.From} {Row}";
    }

    /// <summary>One column is sorted as itself: as a row it would take four times as long.</summary>
    private static string Doubles(IReadOnlyList<string> key)
    {
        var columns = key.Select(Column).ToList();
        var filter = $"filter (where {string.Join(" and ", columns.Select(c => $"{c} is not null"))})";
        var distinct = columns is [var only] ? only : $"row({string.Join(", ", columns)})";
        return $"pg_catalog.count(*) {filter} - pg_catalog.count(distinct {distinct}) {filter}";
    }

    private static IEnumerable<ContractColumn> NeverNull(Contract contract) => contract.Columns.Where(c => c.NotNull);

    private static string Column(string name) => $"{Row}.{Identifiers.Quote(name)}";

    /// <param name="numbers">What <see cref="Counts"/> came to.</param>
    public static IEnumerable<Message> Violations(Contract contract, RelationName relation, IReadOnlyList<long> numbers)
    {
        var nulls = NeverNull(contract).ToList();
        return nulls
            .Select((c, i) => (Count: numbers[i], Code: "contracts.nulls", What: Identifiers.Quote(c.Name)))
            .Concat(
                contract.Unique.Select(
                    (key, i) =>
                        (
                            Count: numbers[nulls.Count + i],
                            Code: "contracts.doubles",
                            What: string.Join(", ", key.Select(Identifiers.Quote))
                        )
                )
            )
            .Where(v => v.Count > 0)
            .Select(v => Message.Of(v.Code, ("relation", relation.Sql), ("columns", v.What), ("count", v.Count)));
    }

    /// <summary>PostgreSQL does not say which column an error came from, so each is read alone.</summary>
    private static async Task<List<string>> FailingColumnsAsync(
        BoundedRead read,
        Contract contract,
        ContentSide side,
        CancellationToken cancellation
    )
    {
        var failing = new List<string>();
        foreach (var name in contract.Columns.Select(c => c.Name))
        {
            try
            {
                var sql =
                    $"select pg_catalog.sum(pg_catalog.length({Column(name)}::pg_catalog.text)) from {side.From} {Row}";
                await read.RunAsync(side.Schemas, token => read.RowsAsync(sql, 0, token), cancellation)
                    .ConfigureAwait(false);
            }
            catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
            {
                failing.Add(Identifiers.Quote(name));
            }
            catch (TimeoutException)
            {
                break;
            }
        }

        return failing;
    }
}
