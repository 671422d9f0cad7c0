using Npgsql;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>Whether queries that read a view, directly or through what depends on it, still fit its new definition, and what they would cost.</summary>
/// <param name="planner">As the view's owner.</param>
/// <param name="view">The view.</param>
/// <param name="candidate">With the new definition.</param>
/// <param name="there">What is there; null for no such view.</param>
internal sealed class CandidateQueries(
    CandidatePlanner planner,
    RelationName view,
    CandidateText candidate,
    RelationClosure? there
)
{
    private readonly CandidateText? old = there is null
        ? null
        : new CandidateText(view, there.Relation.Definition, there.Dependents);

    public async Task<CandidateFinding> DependentAsync(CapturedRelation dependent)
    {
        var name = Message.Of("contracts.candidate.dependent", ("dependent", dependent.Name));
        if (candidate.Inline(dependent.Definition, isDeparsed: true) is not { } inlined)
        {
            return CandidateFinding.Unchecked(name, Message.Of("contracts.candidate.not-inlined"));
        }

        return await PlannedAsync(name, dependent.Definition, inlined, ["pg_catalog"], isDeparsed: true)
            .ConfigureAwait(false);
    }

    /// <param name="name">For people.</param>
    /// <param name="sql">One query.</param>
    /// <param name="schemas">Where it finds unqualified names.</param>
    /// <returns>Null where it does not read the view.</returns>
    public async Task<CandidateFinding?> QueryAsync(Message name, string sql, IReadOnlyList<string> schemas)
    {
        var through = await FunctionsAsync(sql).ConfigureAwait(false);
        var text = ViewDefinition.WithoutSemicolon(sql);
        var inlined = candidate.Inline(text);
        if (inlined is null && through.Count == 0)
        {
            return null;
        }

        if (inlined is null || !ViewDefinition.IsQuery(text))
        {
            return CandidateFinding.Unchecked(
                name,
                inlined is null ? Through() : Message.Of("contracts.candidate.no-query")
            );
        }

        if (await OthersAsync(text, inlined, schemas).ConfigureAwait(false) is { Count: > 0 } others)
        {
            var names = string.Join(", ", others);
            return CandidateFinding.Unchecked(name, Message.Of("contracts.candidate.other-names", ("names", names)));
        }

        var found = await PlannedAsync(name, text, inlined, schemas, isDeparsed: false).ConfigureAwait(false);
        return found.Standing == CandidateStanding.Holds && through.Count > 0
            ? CandidateFinding.Unchecked(name, Through())
            : found;

        Message Through() => Message.Of("contracts.candidate.through", ("functions", string.Join(", ", through)));
    }

    private async Task<CandidateFinding> PlannedAsync(
        Message name,
        string sql,
        InlinedQuery inlined,
        IReadOnlyList<string> schemas,
        bool isDeparsed
    )
    {
        try
        {
            var after = await planner.PlanAsync(inlined.Sql, schemas.Prepend(view.Schema)).ConfigureAwait(false);
            var before = inlined.IsStored ? null : await CostAsync(sql, schemas).ConfigureAwait(false);
            return CandidateFinding.Holds(
                before is null
                    ? Message.Of("contracts.candidate.fits", ("check", name))
                    : Message.Of(
                        "contracts.candidate.costs",
                        ("check", name),
                        ("before", (long)before),
                        ("after", (long)after.Cost)
                    )
            );
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            return await IsOfUsAsync(e, sql, schemas, isDeparsed).ConfigureAwait(false)
                ? CandidateFinding.Unchecked(
                    name,
                    Message.Of("contracts.candidate.refused", ("state", e.SqlState), ("reason", e.MessageText))
                )
                : CandidateFinding.Broken(
                    Message.Of(
                        "contracts.candidate.fails",
                        ("check", name),
                        ("state", e.SqlState),
                        ("reason", AuthorsSql.Reason(e))
                    )
                );
        }
    }

    /// <summary>
    /// Whether an error says nothing of the definition: rights, locks and limits, or that a CTE has no row type of the view's name — then the
    /// old definition in the same place fails alike.
    /// </summary>
    private async Task<bool> IsOfUsAsync(
        PostgresException error,
        string sql,
        IReadOnlyList<string> schemas,
        bool isDeparsed
    )
    {
        if (!IsOfDefinition(error.SqlState))
        {
            return true;
        }

        if (
            error.SqlState
            is not (
                PostgresErrorCodes.UndefinedFunction
                or PostgresErrorCodes.UndefinedObject
                or PostgresErrorCodes.CannotCoerce
                or PostgresErrorCodes.DatatypeMismatch
                or PostgresErrorCodes.DuplicateAlias
            )
        )
        {
            return false;
        }

        try
        {
            if (old?.Inline(sql, isDeparsed) is { } inlined)
            {
                await planner.PlanAsync(inlined.Sql, schemas.Prepend(view.Schema)).ConfigureAwait(false);
            }

            return false;
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            return e.SqlState == error.SqlState && e.MessageText == error.MessageText;
        }
    }

    /// <summary>Classes 42 and 0A are about the statement, 21 and 22 about values in it; the rest is about the server, and one of 42 about rights.</summary>
    public static bool IsOfDefinition(string state) =>
        state != PostgresErrorCodes.InsufficientPrivilege && state[..2] is "42" or "0A" or "21" or "22";

    private async Task<double?> CostAsync(string sql, IReadOnlyList<string> schemas)
    {
        try
        {
            return (await planner.PlanAsync(sql, schemas).ConfigureAwait(false)).Cost;
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            return null;
        }
    }

    /// <summary>Names that would mean another thing inlined than they mean alone: the definition's schema is looked through as well then.</summary>
    private Task<List<string>> OthersAsync(string sql, InlinedQuery inlined, IReadOnlyList<string> schemas)
    {
        var tokens = SqlLexer.Read(sql).Tokens;
        var words = tokens
            .Where(
                (t, i) =>
                    t.IsName
                    && !(i > 0 && tokens[i - 1].IsSymbol('.'))
                    && !(i + 1 < tokens.Count && tokens[i + 1].IsSymbol('.'))
            )
            .Select(t => t.Value)
            .Distinct(StringComparer.Ordinal);
        return planner.NamesAsync(
            """
            select w from unnest($1::text[]) w where $2 <> all ($3::text[]) and (
                exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $2 and c.relname = w)
                or exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $2 and p.proname = w))
            union all
            select w from unnest($4::text[], $5::text[]) r (s, w) where exists (
                select from unnest($3::text[]) with ordinality p (schema, place)
                join pg_namespace n on n.nspname = p.schema join pg_class c on c.relnamespace = n.oid and c.relname = r.w
                where p.schema <> r.s and p.place < coalesce(array_position($3::text[], r.s), 1000))
            """,
            new NpgsqlParameter { Value = words.ToArray() },
            new NpgsqlParameter { Value = view.Schema },
            new NpgsqlParameter { Value = schemas.ToArray() },
            new NpgsqlParameter { Value = inlined.Unqualified.Select(r => r.Schema).ToArray() },
            new NpgsqlParameter { Value = inlined.Unqualified.Select(r => r.Name).ToArray() }
        );
    }

    /// <summary>Functions the query calls that read the view: by their text, or because PostgreSQL keeps it.</summary>
    private Task<List<string>> FunctionsAsync(string sql)
    {
        var tokens = SqlLexer.Read(sql).Tokens;
        var called = tokens.Where((t, i) => t.IsName && i + 1 < tokens.Count && tokens[i + 1].IsSymbol('('));
        var relations = (there?.Dependents ?? []).Select(d => d.Name.Name).Prepend(view.Name);
        var objects = (there?.Objects ?? []).Where(o => o.Kind is "function" or "procedure").Select(o => o.Name);
        return planner.NamesAsync(
            """
            select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where p.proname = any ($1) and n.nspname not in ('pg_catalog', 'information_schema') and (
                p.oid::regprocedure::text = any ($3)
                or exists (select from unnest($2::text[]) r where regexp_replace(lower(p.prosrc), '\W+', ' ', 'g')
                    ~ ('\m' || regexp_replace(lower(r), '\W+', ' ', 'g') || '\M')))
            order by 1
            """,
            new NpgsqlParameter { Value = called.Select(t => t.Value).Distinct().ToArray() },
            new NpgsqlParameter { Value = relations.Distinct().ToArray() },
            new NpgsqlParameter { Value = objects.ToArray() }
        );
    }
}
