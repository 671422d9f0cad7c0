using Npgsql;
using Tidelock.Postgres;
using Tidelock.Probes.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>Who reads a relation and PostgreSQL keeps no dependency for: bodies of functions, and the statements of applications.</summary>
internal static class UnseenReaders
{
    private const int Most = 10;

    /// <summary>For people; that something could not be looked at is said as well.</summary>
    public static async Task<IReadOnlyList<Message>> FindAsync(
        PostgresSession session,
        WayRehearsal rehearsal,
        CancellationToken cancellation
    )
    {
        if (rehearsal.Relation is not { } relation)
        {
            return [];
        }

        var functions = await FunctionsAsync(session, relation, cancellation).ConfigureAwait(false);
        return rehearsal.Before is not { } before
            ? functions
            : [.. functions, .. await StatementsAsync(session, before, cancellation).ConfigureAwait(false)];
    }

    /// <summary>Whose text names the relation as a word.</summary>
    private static Task<List<Message>> FunctionsAsync(
        PostgresSession session,
        RelationName relation,
        CancellationToken cancellation
    ) =>
        session.QueryAsync(
            """
            select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname not in ('pg_catalog', 'information_schema')
              and regexp_replace(lower(p.prosrc), '\W+', ' ', 'g') ~ ('\m' || regexp_replace(lower($1), '\W+', ' ', 'g') || '\M')
            order by 1
            """,
            r => Message.Of("deployments.plan.function", ("function", r.GetString(0)), ("relation", relation.Name)),
            cancellation,
            new NpgsqlParameter { Value = relation.Name }
        );

    /// <summary>What pg_stat_statements has counted of the relation and its dependents, but for Tidelock's own; the most called.</summary>
    private static async Task<IReadOnlyList<Message>> StatementsAsync(
        PostgresSession session,
        RelationClosure before,
        CancellationToken cancellation
    )
    {
        var relation = before.Relation.Name;
        var (schema, seesAll) = (
            await session
                .QueryAsync(
                    """
                    select (select n.nspname::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace
                        where e.extname = 'pg_stat_statements'), pg_has_role(current_user, 'pg_read_all_stats', 'usage')
                    """,
                    r => (r.IsDBNull(0) ? null : r.GetString(0), r.GetBoolean(1)),
                    cancellation
                )
                .ConfigureAwait(false)
        )[0];
        if (schema is null)
        {
            return
            [
                Message.Of(
                    "deployments.plan.statements-uncounted",
                    ("relation", relation),
                    ("database", session.Target.Database)
                ),
            ];
        }

        if (!seesAll)
        {
            return
            [
                Message.Of("deployments.plan.statements-hidden", ("relation", relation), ("user", session.Target.User)),
            ];
        }

        try
        {
            var names = before.All.Select(r => r.Name).ToList();
            var counted = await CountedAsync(session, schema, names, cancellation).ConfigureAwait(false);
            return Told(names, counted);
        }
        catch (PostgresException e)
        {
            return
            [
                Message.Of("deployments.plan.statements-unread", ("relation", relation), ("reason", e.MessageText)),
            ];
        }
    }

    private static Task<List<(string Text, string User, long Calls)>> CountedAsync(
        PostgresSession session,
        string schema,
        IReadOnlyList<RelationName> names,
        CancellationToken cancellation
    ) =>
        session.QueryAsync(
            $"""
            {OwnStatement.Sign}
            select s.query, pg_get_userbyid(s.userid)::text, sum(s.calls)::bigint
            from {Identifiers.Quote(schema)}.pg_stat_statements s
            where s.dbid = (select oid from pg_database where datname = current_database())
              and exists (select from unnest($1::text[]) n where strpos(lower(s.query), lower(n)) > 0)
              and strpos(s.query, $2) = 0
            group by 1, 2 order by 3 desc, 1, 2
            """,
            r => (r.GetString(0), r.GetString(1), r.GetInt64(2)),
            cancellation,
            new NpgsqlParameter
            {
                Value = names.Select(n => n.Name.Replace("\"", "\"\"", StringComparison.Ordinal)).ToArray(),
            },
            new NpgsqlParameter { Value = OwnStatement.Sign }
        );

    private static IReadOnlyList<Message> Told(
        IReadOnlyList<RelationName> names,
        IEnumerable<(string Text, string User, long Calls)> counted
    )
    {
        var found = counted
            .Select(s => (Statement: s, Relation: names.FirstOrDefault(n => RelationReading.IsUsedIn(s.Text, n))))
            .Where(s => s.Relation is not null)
            .ToList();
        IEnumerable<Message> more =
            found.Count > Most ? [Message.Of("deployments.plan.statements-more", ("count", found.Count - Most))] : [];
        return [.. found.Take(Most).Select(s => Said(s.Statement, s.Relation!)), .. more];
    }

    private static Message Said((string Text, string User, long Calls) statement, RelationName relation) =>
        Message.Of(
            RelationReading.HasStar(statement.Text) ? "deployments.plan.statement-star" : "deployments.plan.statement",
            ("user", statement.User),
            ("relation", relation),
            ("calls", statement.Calls),
            ("statement", Shown(statement.Text))
        );

    private static string Shown(string text)
    {
        var line = string.Join(
            ' ',
            Secrets.OfProcess.Scrub(text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
        );
        return line.Length > 120 ? line[..120] + "…" : line;
    }
}
