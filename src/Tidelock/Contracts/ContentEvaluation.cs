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
    private const string Row = "tidelock_row";

    public static async Task<(List<Message> Violations, long Rows)> RunAsync(
        BoundedRead read,
        Contract contract,
        RelationName relation,
        CancellationToken cancellation
    )
    {
        try
        {
            var counts = await read.RunAsync(
                    ["pg_catalog"],
                    token => read.RowsAsync(Query(contract, relation), 1, token),
                    cancellation
                )
                .ConfigureAwait(false);
            var numbers = counts.Rows[0].Select(v => long.Parse(v!, CultureInfo.InvariantCulture)).ToList();
            return (Violations(contract, relation, numbers).ToList(), numbers[0]);
        }
        catch (TimeoutException)
        {
            return ([Message.Of("contracts.content.timeout", ("relation", relation))], 0);
        }
        catch (PostgresException e)
        {
            var columns = await FailingColumnsAsync(read, contract, relation, cancellation).ConfigureAwait(false);
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

    /// <summary>How many rows, their length as text, then the nulls per column that must have none, then the doubles per key.</summary>
    private static string Query(Contract contract, RelationName relation)
    {
        var parts = new[] { "count(*)", $"coalesce(sum(length({Row}::text)), 0)" }
            .Concat(NeverNull(contract).Select(c => $"count(*) filter (where {Column(c.Name)} is null)"))
            .Concat(contract.Unique.Select(Doubles));
        return $"select {string.Join(", ", parts)} from {relation.Sql} {Row}";
    }

    private static string Doubles(IReadOnlyList<string> key)
    {
        var columns = key.Select(Column).ToList();
        var filter = $"filter (where {string.Join(" and ", columns.Select(c => $"{c} is not null"))})";
        return $"count(*) {filter} - count(distinct row({string.Join(", ", columns)})) {filter}";
    }

    private static IEnumerable<ContractColumn> NeverNull(Contract contract) => contract.Columns.Where(c => c.NotNull);

    private static string Column(string name) => $"{Row}.{Identifiers.Quote(name)}";

    private static IEnumerable<Message> Violations(Contract contract, RelationName relation, List<long> numbers)
    {
        var nulls = NeverNull(contract).ToList();
        return nulls
            .Select((c, i) => (Count: numbers[2 + i], Code: "contracts.nulls", What: Identifiers.Quote(c.Name)))
            .Concat(
                contract.Unique.Select(
                    (key, i) =>
                        (
                            Count: numbers[2 + nulls.Count + i],
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
        RelationName relation,
        CancellationToken cancellation
    )
    {
        var failing = new List<string>();
        foreach (var name in contract.Columns.Select(c => c.Name))
        {
            try
            {
                var sql = $"select sum(length({Column(name)}::text)) from {relation.Sql} {Row}";
                await read.RunAsync(["pg_catalog"], token => read.RowsAsync(sql, 0, token), cancellation)
                    .ConfigureAwait(false);
            }
            catch (PostgresException)
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
