using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>Tables that belong to an extension and are not marked as its configuration: they stand in no dump, and a restore begins them anew.</summary>
internal static class UndumpedTables
{
    /// <summary>By counters and the catalog: nobody is waited for, and nothing of them is read.</summary>
    private const string Filled = """
        select n.nspname::text, c.relname::text
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
          join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
          join pg_extension e on e.oid = d.refobjid
        where c.relkind = 'r' and c.oid <> all (coalesce(e.extconfig, '{}'))
          and (c.relpages > 0 or pg_stat_get_live_tuples(c.oid) > 0)
        order by 1, 2
        """;

    /// <summary>A restore's cost, with those of them that have rows.</summary>
    public static async Task<Message> WithAsync(PostgresSession session, Message cost, CancellationToken cancellation)
    {
        var tables = await session
            .QueryAsync(Filled, r => new RelationName(r.GetString(0), r.GetString(1)), cancellation)
            .ConfigureAwait(false);
        return tables.Count == 0
            ? cost
            : Message.Of("rollbacks.undumped", ("cost", cost), ("tables", LostWords.Names(tables)));
    }
}
