using System.Text;
using Tidelock.Migrations.Statements;
using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Rehearsals;

/// <summary>
/// Puts a view's definition, and what depends on the view with it, before a query as CTEs of the same names, so that the query reads them
/// and not what is there.
/// </summary>
/// <param name="view">The view.</param>
/// <param name="definition">What it is to be.</param>
/// <param name="dependents">Each after those it reads.</param>
internal sealed class CandidateText(RelationName view, string definition, IReadOnlyList<CapturedRelation> dependents)
{
    private readonly List<(RelationName Name, string Definition, bool Stored)> relations =
    [
        (view, definition, false),
        .. dependents.Select(d => (d.Name, d.Definition, d.Kind == RelationKind.MaterializedView)),
    ];

    /// <param name="sql">One query without a semicolon.</param>
    /// <param name="isDeparsed">Whether PostgreSQL wrote it, so that every relation stands there with its schema.</param>
    /// <returns>Null where it names neither the view nor a dependent.</returns>
    public InlinedQuery? Inline(string sql, bool isDeparsed = false)
    {
        var named = Mentions(sql, isDeparsed);
        if (named.Count == 0)
        {
            return null;
        }

        var needed = Needed(named);
        var ctes = needed.Select(i =>
            $"{Identifiers.Quote(relations[i].Name.Name)} as not materialized (\n{Body(i)}\n)"
        );
        return new InlinedQuery(
            $"with {string.Join(",\n", ctes)}\nselect * from (\n{Replaced(sql, named)}\n) tidelock_query",
            [.. needed.Where(i => i > 0).Select(i => relations[i].Name)],
            needed.Any(i => relations[i].Stored),
            [.. named.Where(m => !m.IsQualified).Select(m => relations[m.Relation].Name).Distinct()]
        );
    }

    private string Body(int relation) =>
        relation == 0
            ? relations[0].Definition
            : Replaced(relations[relation].Definition, Mentions(relations[relation].Definition, isDeparsed: true));

    private SortedSet<int> Needed(IEnumerable<Mention> named)
    {
        var needed = new SortedSet<int>(named.Select(m => m.Relation));
        for (var i = relations.Count - 1; i > 0; i--)
        {
            if (needed.Contains(i))
            {
                needed.UnionWith(
                    Mentions(relations[i].Definition, isDeparsed: true).Select(m => m.Relation).Where(r => r < i)
                );
            }
        }

        return needed;
    }

    /// <summary>The schema goes: a CTE has none.</summary>
    private string Replaced(string sql, IReadOnlyList<Mention> named)
    {
        var text = new StringBuilder(sql);
        foreach (var mention in named.Where(m => m.IsQualified).OrderByDescending(m => m.Start))
        {
            var name = Identifiers.Quote(relations[mention.Relation].Name.Name);
            text.Remove(mention.Start, mention.End - mention.Start).Insert(mention.Start, name);
        }

        return text.ToString();
    }

    private List<Mention> Mentions(string sql, bool isDeparsed)
    {
        var tokens = SqlLexer.Read(sql).Tokens;
        var found = new List<Mention>();
        for (var i = 0; i < tokens.Count; i++)
        {
            if (!tokens[i].IsName || Is(tokens, i - 1, '.'))
            {
                continue;
            }

            var isQualified = Is(tokens, i + 1, '.') && i + 2 < tokens.Count && tokens[i + 2].IsName;
            var (schema, name) = isQualified ? (tokens[i].Value, tokens[i + 2]) : (null, tokens[i]);
            var relation = relations.FindIndex(r =>
                r.Name.Name == name.Value && (schema is null ? !isDeparsed : r.Name.Schema == schema)
            );

            // A cast to the row's type and a function of the same name are no reading.
            if (relation >= 0 && !Is(tokens, i - 1, ':') && !Is(tokens, isQualified ? i + 3 : i + 1, '('))
            {
                found.Add(new Mention(relation, tokens[i].Start, name.End, isQualified));
            }
        }

        return found;
    }

    private static bool Is(IReadOnlyList<SqlToken> tokens, int at, char symbol) =>
        at >= 0 && at < tokens.Count && tokens[at].IsSymbol(symbol);

    private readonly record struct Mention(int Relation, int Start, int End, bool IsQualified);
}

/// <summary>A query over definitions that stand before it.</summary>
/// <param name="Sql">The whole.</param>
/// <param name="Through">The dependents that stand before it too.</param>
/// <param name="IsStored">Whether one of them is materialized, so that the cost is not that of reading it.</param>
/// <param name="Unqualified">What the query names without a schema.</param>
internal sealed record InlinedQuery(
    string Sql,
    IReadOnlyList<RelationName> Through,
    bool IsStored,
    IReadOnlyList<RelationName> Unqualified
);
