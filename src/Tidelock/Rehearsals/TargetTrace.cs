using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// What a transaction on the target does, statement by statement, with the locks it adds to relations that were there before. Looks from the
/// transaction's own session: event triggers would take a superuser, and locks of their own.
/// </summary>
internal sealed class TargetTrace
{
    private const string Relations = """
        select c.oid, n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        """;

    private const string Locks = """
        select l.mode, l.relation from pg_locks l
        where l.pid = pg_backend_pid() and l.granted and l.locktype = 'relation' and l.mode <> 'AccessShareLock'
          and l.database = (select oid from pg_database where datname = current_database())
        """;

    /// <summary>What a try does for itself: it changes nothing.</summary>
    private static readonly string[] Own = ["savepoint", "release", "rollback", "set", "explain", "select"];

    private readonly Dictionary<uint, RelationName> there;
    private readonly HashSet<(string, uint)> held = [];
    private List<RehearsedStatement> statements = [];

    private TargetTrace(Dictionary<uint, RelationName> there) => this.there = there;

    public static async Task<TargetTrace> BeginAsync(PostgresSession session, CancellationToken cancellation) =>
        new(
            (
                await session
                    .QueryAsync(
                        Relations,
                        r => (r.GetFieldValue<uint>(0), new RelationName(r.GetString(1), r.GetString(2))),
                        cancellation
                    )
                    .ConfigureAwait(false)
            ).ToDictionary(r => r.Item1, r => r.Item2)
        );

    /// <summary>A statement of the transaction has run.</summary>
    public async Task RanAsync(PostgresSession session, string sql, CancellationToken cancellation)
    {
        var words = sql.Split((char[]?)null, 6, StringSplitOptions.RemoveEmptyEntries);
        if (Own.Contains(words[0], StringComparer.OrdinalIgnoreCase))
        {
            return;
        }

        var locks = await session
            .QueryAsync(Locks, r => (Mode: r.GetString(0), Oid: r.GetFieldValue<uint>(1)), cancellation)
            .ConfigureAwait(false);
        var added = locks.Where(l => there.ContainsKey(l.Oid) && held.Add(l)).ToList();
        statements.Add(
            new RehearsedStatement(
                Command([.. words.Select(w => w.ToUpperInvariant())]),
                [],
                Secrets.OfProcess.Scrub(sql),
                [],
                [
                    .. added
                        .Select(l => TakenLock.Of(l.Mode, there[l.Oid]))
                        .OrderBy(l => l.Relation.Sql, StringComparer.Ordinal),
                ]
            )
        );
    }

    /// <summary>As PostgreSQL's tag has it: <c>CREATE VIEW</c>, <c>DROP MATERIALIZED VIEW</c>, <c>GRANT</c>.</summary>
    private static string Command(IReadOnlyList<string> words)
    {
        if (words[0] is not ("CREATE" or "ALTER" or "DROP"))
        {
            return words[0];
        }

        var kind = words.Skip(1).SkipWhile(w => w is "OR" or "REPLACE").ToList();
        return string.Join(' ', kind.Take(kind[0] == "MATERIALIZED" ? 2 : 1).Prepend(words[0]));
    }

    /// <summary>What ran since the last call.</summary>
    public IReadOnlyList<RehearsedStatement> Take()
    {
        var taken = statements;
        statements = [];
        return taken;
    }
}
