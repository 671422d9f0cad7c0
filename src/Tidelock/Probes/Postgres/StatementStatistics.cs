using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Probes.Postgres;

/// <summary>How often a statement was called since it was first counted.</summary>
/// <param name="Key">Its user and queryid.</param>
/// <param name="Text">Its normalised text.</param>
/// <param name="Calls">How often.</param>
internal sealed record StatementCalls(string Key, string Text, long Calls);

/// <summary>The statements of this database that pg_stat_statements counts, or why it is not known: then it is unknown, never zero.</summary>
internal sealed record StatementStatistics(IReadOnlyList<StatementCalls> Statements, Message? Problem)
{
    /// <summary>Statements whose text holds one of the names somewhere, less our own.</summary>
    public static async Task<StatementStatistics> ReadAsync(
        PostgresSession session,
        string[] names,
        CancellationToken cancellation
    )
    {
        var (schema, sees) = (
            await session
                .QueryAsync(
                    Access,
                    r => (Schema: r.IsDBNull(0) ? null : r.GetString(0), Sees: r.GetBoolean(1)),
                    cancellation
                )
                .ConfigureAwait(false)
        )[0];
        if (schema is null)
        {
            return Unknown(Message.Of("probes.postgres.not-installed", ("database", session.Target.Database)));
        }

        if (!sees)
        {
            return Unknown(Message.Of("probes.postgres.no-privilege", ("user", session.Target.User)));
        }

        try
        {
            return new(await StatementsAsync(session, schema, names, cancellation).ConfigureAwait(false), null);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            return Unknown(Message.Of("probes.postgres.not-loaded"));
        }
    }

    private static StatementStatistics Unknown(Message problem) => new([], problem);

    private static Task<List<StatementCalls>> StatementsAsync(
        PostgresSession session,
        string schema,
        string[] names,
        CancellationToken cancellation
    ) =>
        session.QueryAsync(
            $"""
            select s.userid || '/' || s.queryid, s.query, sum(s.calls)::bigint
            from {Identifiers.Quote(schema)}.pg_stat_statements s
            where s.dbid = (select oid from pg_database where datname = current_database())
              and exists (select from unnest($1::text[]) n where strpos(lower(s.query), lower(n)) > 0)
              and strpos(s.query, $2) = 0 and s.query is not null and s.queryid is not null
            group by 1, 2
            """,
            r => new StatementCalls(r.GetString(0), r.GetString(1), r.GetInt64(2)),
            cancellation,
            new NpgsqlParameter
            {
                Value = names.Select(n => n.Replace("\"", "\"\"", StringComparison.Ordinal)).ToArray(),
            },
            new NpgsqlParameter { Value = OwnStatement.Sign }
        );

    private const string Access = """
        select (select n.nspname::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace
                where e.extname = 'pg_stat_statements'),
               pg_has_role(current_user, 'pg_read_all_stats', 'usage')
        """;
}
