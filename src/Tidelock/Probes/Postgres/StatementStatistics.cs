using Npgsql;
using NpgsqlTypes;
using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary>A statement that pg_stat_statements counts.</summary>
/// <param name="Key">Its user and queryid.</param>
/// <param name="QueryId">Its queryid: another one as soon as the relation is made anew.</param>
/// <param name="Text">Its normalised text.</param>
/// <param name="Counters">What was counted.</param>
internal sealed record CountedStatement(string Key, long QueryId, string Text, StatementCounters Counters);

/// <summary>
/// The statements of a database that name some relations. Their texts lie in one file of the server, which it reads as a whole: that is
/// asked for only when there are statements that were not there before, and so seldom that it takes no more than a thousandth of the time.
/// In between the counters of the known ones are enough.
/// </summary>
/// <param name="names">Names of relations; a statement whose text holds none is none of ours.</param>
/// <param name="time">The clock.</param>
internal sealed class StatementStatistics(IReadOnlyList<string> names, TimeProvider time)
{
    private const int ShareOfTime = 1000;

    private Dictionary<string, CountedStatement> known = new(StringComparer.Ordinal);
    private (long Count, decimal Ids)? seen;
    private long textsAt;
    private TimeSpan textsTook;

    /// <summary>Asks for the counters of the known statements, and for a digest of which statements there are.</summary>
    public NpgsqlBatchCommand Question(string schema) =>
        new(
            $"""
            {OwnStatement.Sign}
            select case when s.queryid = any($1) then s.userid || '/' || s.queryid end, sum(s.calls)::bigint,
                sum(s.total_exec_time) / 1000, sum(s.rows)::bigint, count(*), sum(hashint8(s.queryid # s.userid::bigint)::numeric)
            from {Identifiers.Quote(schema)}.pg_stat_statements(false) s
            where s.dbid = (select oid from pg_database where datname = current_database()) and s.queryid is not null
            group by 1
            """
        )
        {
            Parameters =
            {
                new NpgsqlParameter
                {
                    Value = known.Values.Select(s => s.QueryId).Distinct().ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint,
                },
            },
        };

    /// <summary>Reads the answer to <see cref="Question"/>.</summary>
    public async Task<StatementCount> ReadAsync(NpgsqlDataReader answer, CancellationToken cancellation)
    {
        var counted = new List<CountedStatement>();
        var there = (Count: 0L, Ids: 0m);
        while (await answer.ReadAsync(cancellation).ConfigureAwait(false))
        {
            there = (there.Count + answer.GetInt64(4), there.Ids + answer.GetDecimal(5));
            if (Known(answer) is { } statement)
            {
                counted.Add(statement with { Counters = Counters(answer, 1) });
            }
        }

        return new StatementCount(counted, there.Count, there.Ids);
    }

    /// <summary>The statements of a count, the new ones too; null where there are new ones and their texts are not due yet.</summary>
    public async Task<IReadOnlyList<CountedStatement>?> CompleteAsync(
        StatementCount count,
        PostgresSession session,
        string schema,
        CancellationToken cancellation
    )
    {
        if (seen == (count.There, count.Ids))
        {
            return count.Known;
        }

        if (seen is not null && time.GetElapsedTime(textsAt) < textsTook * ShareOfTime)
        {
            return null;
        }

        textsAt = time.GetTimestamp();
        var all = await TextsAsync(session, schema, cancellation).ConfigureAwait(false);
        textsTook = time.GetElapsedTime(textsAt);
        known = all.ToDictionary(s => s.Key, StringComparer.Ordinal);
        seen = (count.There, count.Ids);
        return all;
    }

    private Task<List<CountedStatement>> TextsAsync(
        PostgresSession session,
        string schema,
        CancellationToken cancellation
    ) =>
        session.QueryAsync(
            $"""
            {OwnStatement.Sign}
            select s.userid || '/' || s.queryid, s.queryid, min(s.query), sum(s.calls)::bigint,
                sum(s.total_exec_time) / 1000, sum(s.rows)::bigint
            from {Identifiers.Quote(schema)}.pg_stat_statements s
            where s.dbid = (select oid from pg_database where datname = current_database())
              and exists (select from unnest($1::text[]) n where strpos(lower(s.query), lower(n)) > 0)
              and strpos(s.query, $2) = 0 and s.query is not null and s.queryid is not null
            group by 1, 2
            """,
            r => new CountedStatement(r.GetString(0), r.GetInt64(1), r.GetString(2), Counters(r, 3)),
            cancellation,
            new NpgsqlParameter
            {
                Value = names.Select(n => n.Replace("\"", "\"\"", StringComparison.Ordinal)).ToArray(),
            },
            new NpgsqlParameter { Value = OwnStatement.Sign }
        );

    private CountedStatement? Known(NpgsqlDataReader answer) =>
        answer.IsDBNull(0) ? null : known.GetValueOrDefault(answer.GetString(0));

    private static StatementCounters Counters(NpgsqlDataReader r, int first) =>
        new(r.GetInt64(first), r.GetDouble(first + 1), r.GetInt64(first + 2));
}

/// <summary>The counters of the statements that are known, and how many statements there are in all, with a digest of which.</summary>
internal sealed record StatementCount(IReadOnlyList<CountedStatement> Known, long There, decimal Ids);
