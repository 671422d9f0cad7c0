using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>Compares a relation with its contract: first its shape, from the catalogs; then its content, every column of every row.</summary>
public static class ContractVerifier
{
    private const int Examples = 5;

    /// <summary>The shape alone: one message per drift, none when it holds. Reads catalogs only.</summary>
    public static async Task<IReadOnlyList<Message>> ShapeAsync(
        PostgresSession session,
        Contract contract,
        CancellationToken cancellation
    )
    {
        if (contract.Relation is not { } relation)
        {
            return [];
        }

        var kind = await session
            .ScalarAsync<string>(
                "select c.relkind::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2",
                cancellation,
                new NpgsqlParameter { Value = relation.Schema },
                new NpgsqlParameter { Value = relation.Name }
            )
            .ConfigureAwait(false);
        return kind switch
        {
            null => [Message.Of("contracts.no-relation", ("relation", relation))],
            "r" or "p" or "v" or "m" or "f" => ShapeDrift.Find(
                contract,
                await ColumnsAsync(session, relation, cancellation).ConfigureAwait(false)
            ),
            _ => [Message.Of("contracts.not-a-relation", ("relation", relation))],
        };
    }

    /// <summary>Everything, check by check; the content is only worth reading where the shape holds.</summary>
    /// <param name="session">Open and idle.</param>
    /// <param name="contract">With a relation.</param>
    /// <param name="limit">For everything that is read of the content; what is not reached is unknown.</param>
    /// <param name="time">The clock of the deadline.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<ContractReport> ReportAsync(
        PostgresSession session,
        Contract contract,
        TimeSpan limit,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var relation = contract.Relation!;
        var shape = await ShapeAsync(session, contract, cancellation).ConfigureAwait(false);
        var checks = new List<ContractCheck> { new(Message.Of("contracts.check.shape"), shape) };
        if (await ContractLock.FindingsAsync(session, relation, cancellation).ConfigureAwait(false) is { } locked)
        {
            checks.Add(new ContractCheck(Message.Of("contracts.check.lock"), locked));
        }

        if (shape.Count > 0)
        {
            var unread = contract.Rules.Select(NameOf).Prepend(Message.Of("contracts.check.content"));
            return new ContractReport(relation, 0, [.. checks, .. unread.Select(n => new ContractCheck(n, null))]);
        }

        var read = new BoundedRead(session, limit, time);
        var (violations, rows) = await ContentEvaluation
            .RunAsync(read, contract, relation, ContentSide.Of(relation), cancellation)
            .ConfigureAwait(false);
        checks.Add(new ContractCheck(Message.Of("contracts.check.content"), violations));
        foreach (var rule in contract.Rules)
        {
            if (read.IsOver)
            {
                checks.Add(new ContractCheck(NameOf(rule), null));
                continue;
            }

            var broken = await RuleAsync(read, relation, rule, cancellation).ConfigureAwait(false);
            checks.Add(new ContractCheck(NameOf(rule), broken is null ? [] : [broken]));
        }

        return new ContractReport(relation, rows, checks);
    }

    /// <summary>
    /// The content: every column of every row is evaluated in one pass with the nulls and the keys, then the rules run, all in one
    /// snapshot, read only.
    /// </summary>
    /// <param name="read">Its limits are for all of the content; what is not reached is unknown.</param>
    /// <param name="contract">With a relation whose shape holds.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <returns>One message per violation. What could not be evaluated is one as well: unknown does not pass.</returns>
    internal static async Task<ContractFindings> ContentAsync(
        BoundedRead read,
        Contract contract,
        CancellationToken cancellation
    )
    {
        if (contract.Relation is not { } relation)
        {
            return new ContractFindings([], 0);
        }

        var (violations, rows) = await ContentEvaluation
            .RunAsync(read, contract, relation, ContentSide.Of(relation), cancellation)
            .ConfigureAwait(false);
        violations.AddRange(await RulesAsync(read, contract, relation, cancellation).ConfigureAwait(false));
        return new ContractFindings(violations, rows);
    }

    /// <summary>The content of a relation whose every value was evaluated in a comparison, with its counts: only the rules are left.</summary>
    /// <param name="counts">What <see cref="ContentEvaluation.Counts"/> came to.</param>
    internal static async Task<ContractFindings> RestAsync(
        BoundedRead read,
        Contract contract,
        long rows,
        IReadOnlyList<long> counts,
        CancellationToken cancellation
    )
    {
        var relation = contract.Relation!;
        var violations = ContentEvaluation.Violations(contract, relation, counts).ToList();
        violations.AddRange(await RulesAsync(read, contract, relation, cancellation).ConfigureAwait(false));
        return new ContractFindings(violations, rows);
    }

    private static Message NameOf(ContractRule rule) => Message.Of("contracts.check.rule", ("rule", rule.Name));

    private static async Task<List<Message>> RulesAsync(
        BoundedRead read,
        Contract contract,
        RelationName relation,
        CancellationToken cancellation
    )
    {
        var violations = new List<Message>();
        foreach (var rule in contract.Rules)
        {
            if (await RuleAsync(read, relation, rule, cancellation).ConfigureAwait(false) is { } broken)
            {
                violations.Add(broken);
            }
        }

        return violations;
    }

    /// <summary>How a rule is broken, or why that is not known; null when it holds.</summary>
    internal static async Task<Message?> RuleAsync(
        BoundedRead read,
        RelationName relation,
        ContractRule rule,
        CancellationToken cancellation
    )
    {
        if (read.IsOver)
        {
            return Message.Of("contracts.rule.unreached", ("rule", rule.Name));
        }

        try
        {
            var found = await read.RunAsync(
                    [relation.Schema, "public"],
                    token => read.RowsAsync(rule.Sql, Examples, token),
                    cancellation
                )
                .ConfigureAwait(false);
            return found.Count == 0
                ? null
                : Message.Of(
                    "contracts.rule.broken",
                    ("rule", rule.Name),
                    ("count", found.Count),
                    ("rows", found.Shown)
                );
        }
        catch (TimeoutException)
        {
            return Message.Of("contracts.rule.timeout", ("rule", rule.Name));
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            return Message.Of(
                "contracts.rule.failed",
                ("rule", rule.Name),
                ("state", e.SqlState),
                ("reason", e.MessageText)
            );
        }
    }

    /// <summary>The relation's columns as the catalogs and the session's search_path write them; NOT NULL as the table says.</summary>
    internal static Task<List<ContractColumn>> ColumnsAsync(
        PostgresSession session,
        RelationName relation,
        CancellationToken cancellation
    ) =>
        session.QueryAsync(
            """
            select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
            order by a.attnum
            """,
            r => new ContractColumn(r.GetString(0), r.GetString(1), r.GetBoolean(2)),
            cancellation,
            new NpgsqlParameter { Value = relation.Schema },
            new NpgsqlParameter { Value = relation.Name }
        );
}

/// <summary>What the content of a relation was found to be.</summary>
/// <param name="Violations">One message each; none when the contract holds.</param>
/// <param name="Rows">How many rows were evaluated.</param>
public sealed record ContractFindings(IReadOnlyList<Message> Violations, long Rows)
{
    public bool Hold => Violations.Count == 0;
}
