using Npgsql;
using NpgsqlTypes;
using Tidelock.Contracts;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>What evaluating a query would do besides reading its database, found in its plan: views are resolved there, and row security is added.</summary>
/// <param name="ForeignTables">Read from other servers.</param>
/// <param name="VolatileFunctions">Functions, operators and casts that may have effects.</param>
internal sealed record OutsideWork(IReadOnlyList<string> ForeignTables, IReadOnlyList<string> VolatileFunctions)
{
    private const string Volatile = """
        select format('%I.%I()', n.nspname, p.proname) from unnest($1::text[], $2::text[]) c(schema, name)
        join pg_proc p on p.proname = c.name and p.provolatile = 'v' and p.prokind <> 'p'
        join pg_namespace n on n.oid = p.pronamespace and n.nspname = any (case when c.schema = '' then $3::text[] else array[c.schema] end)
        union
        select 'operator ' || o.oprname from pg_operator o join pg_proc p on p.oid = o.oprcode
        where p.provolatile = 'v' and position(o.oprname in $4) > 0
        union
        select 'cast to ' || format_type(c.casttarget, null) from pg_cast c join pg_proc p on p.oid = c.castfunc
        where p.provolatile = 'v' and position('::' || format_type(c.casttarget, null) in $4) > 0
        order by 1
        """;

    /// <param name="planner">Where the plans were made.</param>
    /// <param name="plans">Of everything that would be evaluated.</param>
    /// <param name="schemas">Where names without a schema were found.</param>
    public static async Task<OutsideWork> OfAsync(
        CandidatePlanner planner,
        IReadOnlyList<QueryPlan> plans,
        IEnumerable<string> schemas
    )
    {
        var calls = plans.SelectMany(p => p.Calls()).Distinct().ToList();
        var functions = await planner
            .NamesAsync(
                Volatile,
                new NpgsqlParameter { Value = calls.Select(c => c.Schema ?? "").ToArray() },
                new NpgsqlParameter { Value = calls.Select(c => c.Name).ToArray() },
                new NpgsqlParameter { Value = schemas.Prepend("pg_catalog").ToArray() },
                new NpgsqlParameter
                {
                    Value = string.Join('\n', plans.SelectMany(p => p.Expressions)),
                    NpgsqlDbType = NpgsqlDbType.Text,
                }
            )
            .ConfigureAwait(false);
        return new OutsideWork([.. plans.SelectMany(p => p.ForeignTables).Distinct()], functions);
    }

    /// <summary>Why it is not evaluated: the author has not said that it may be. Null where he has, or nothing is done outside.</summary>
    public Message? Unconsented(IReadOnlySet<OutsideEvaluation> consent)
    {
        var foreign = consent.Contains(OutsideEvaluation.ForeignTables) ? [] : ForeignTables;
        var functions = consent.Contains(OutsideEvaluation.VolatileFunctions) ? [] : VolatileFunctions;
        var words = new[] { ("foreign tables", foreign), ("volatile functions", functions) };
        return foreign.Count + functions.Count == 0
            ? null
            : Message.Of(
                "contracts.compare.consent",
                ("things", string.Join(", ", foreign.Concat(functions))),
                ("words", string.Join(", ", words.Where(w => w.Item2.Count > 0).Select(w => w.Item1)))
            );
    }
}
