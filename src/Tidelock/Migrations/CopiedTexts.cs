using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Migrations;

/// <summary>
/// Captured statements about one object, made to be about its copy beside: only the names at their known places are others,
/// compared as this server quotes them.
/// </summary>
/// <param name="session">In a transaction.</param>
/// <param name="schemas">Where the copies are.</param>
internal sealed class CopiedTexts(PostgresSession session, BesideSchemas schemas)
{
    private static readonly string[] Beginnings = ["CREATE INDEX ", "CREATE UNIQUE INDEX "];

    /// <summary>The relation's copy with its indexes; an index whose text is not as expected keeps it.</summary>
    public async Task<CapturedRelation> IndexesAsync(CapturedRelation relation, CancellationToken cancellation)
    {
        var copy = schemas.Copy(relation.Name);
        var table = await QuotedAsync(relation.Name, cancellation).ConfigureAwait(false);
        var indexes = new List<CapturedIndex>();
        foreach (var index in relation.Indexes)
        {
            var name = await session
                .ScalarAsync<string>("select quote_ident($1)", cancellation, new NpgsqlParameter { Value = index.Name })
                .ConfigureAwait(false);
            var heads = Beginnings.Select(b => (Old: $"{b}{name} ON {table} ", New: $"{b}{name} ON {copy.Sql} "));
            var (old, now) = heads.FirstOrDefault(h => index.Definition.StartsWith(h.Old, StringComparison.Ordinal));
            indexes.Add(old is null ? index : index with { Definition = now + index.Definition[old.Length..] });
        }

        return relation with
        {
            Name = copy,
            Indexes = indexes,
        };
    }

    /// <summary>A statistics object's copy, and what takes it into its place; one whose text is not as expected stays as it is.</summary>
    public async Task<(CapturedObject Copy, string Move)> StatisticsAsync(
        CapturedObject statistics,
        IEnumerable<CapturedRelation> relations,
        CancellationToken cancellation
    )
    {
        var name = RelationName.TryParse(statistics.Name)!;
        var copy = schemas.Copy(name);
        var move = $"alter statistics {copy.Sql} set schema {Identifiers.Quote(name.Schema)}";
        var created = statistics.Statements[0];
        var head = $"CREATE STATISTICS {statistics.Name} ";
        foreach (var relation in relations)
        {
            var tail = $" FROM {await QuotedAsync(relation.Name, cancellation).ConfigureAwait(false)}";
            if (created.StartsWith(head, StringComparison.Ordinal) && created.EndsWith(tail, StringComparison.Ordinal))
            {
                var table = schemas.Copy(relation.Name).Sql;
                created = $"CREATE STATISTICS {copy.Sql} {created[head.Length..^tail.Length]} FROM {table}";
                break;
            }
        }

        var target = $"alter statistics {statistics.Name} ";
        return (
            statistics with
            {
                Name = copy.Sql,
                Statements =
                [
                    created,
                    .. statistics
                        .Statements.Skip(1)
                        .Select(s =>
                            s.StartsWith(target, StringComparison.Ordinal)
                                ? $"alter statistics {copy.Sql} {s[target.Length..]}"
                                : s
                        ),
                ],
            },
            move
        );
    }

    private async Task<string> QuotedAsync(RelationName name, CancellationToken cancellation) =>
        (
            await session
                .ScalarAsync<string>(
                    "select format('%I.%I', $1, $2)",
                    cancellation,
                    new NpgsqlParameter { Value = name.Schema },
                    new NpgsqlParameter { Value = name.Name }
                )
                .ConfigureAwait(false)
        )!;
}
