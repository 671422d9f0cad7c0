using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>What would keep a database from being restored beside and swapped, each by its name. Looks and changes nothing.</summary>
internal static class SwapObstacles
{
    /// <summary>
    /// Whether the login may give what it restores to the role <c>r</c>, and then go on with it: it needs that role's rights without asking for
    /// them, and from PostgreSQL 16 on it must also be allowed to become it, which a member is not always.
    /// </summary>
    public const string MayActFor = """
        (pg_has_role(r.oid, 'usage') and pg_has_role(r.oid, case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end))
        """;

    /// <summary>Every obstacle as a code and what it is about, in one read.</summary>
    private const string Sql = $"""
        with d as (select oid, datname, datdba, datistemplate from pg_database where oid = $1),
          me as (select oid, rolsuper, rolcreatedb, rolconnlimit from pg_roles where rolname = current_user)
        select 'maintenance', datname::text from d where datname = 'postgres'
        union all
        select 'template', '' from d where datistemplate
        union all
        select 'no-createdb', current_user::text from me where not (rolsuper or rolcreatedb)
        union all
        select 'not-owner', r.rolname::text from d join pg_roles r on r.oid = d.datdba, me where not me.rolsuper and not {MayActFor}
        union all
        select 'foreign-owner', string_agg(distinct r.rolname::text, ', ') from d, me, pg_shdepend s join pg_roles r on r.oid = s.refobjid
          where s.dbid = d.oid and s.deptype = 'o' and s.refclassid = 'pg_authid'::regclass and not me.rolsuper and not {MayActFor}
          having count(*) > 0
        union all
        select 'slot', string_agg(slot_name::text, ', ') from d join pg_replication_slots s on s.database = d.datname having count(*) > 0
        union all
        select 'subscription', string_agg(subname::text, ', ') from d join pg_subscription s on s.subdbid = d.oid having count(*) > 0
        union all
        select 'prepared', string_agg(format('%L (%s)', gid, owner), ', ') from d join pg_prepared_xacts p on p.database = d.datname having count(*) > 0
        union all
        select 'session', string_agg(format('%s %s%s', a.pid, a.usename, coalesce(' (' || nullif(a.application_name, '') || ')', '')), ', ')
          from d, me, pg_stat_activity a join pg_roles r on r.oid = a.usesysid
          where a.datid = d.oid and not me.rolsuper and (r.rolsuper or not (pg_has_role(r.oid, 'usage') or pg_has_role('pg_signal_backend', 'usage')))
          having count(*) > 0
        union all
        select 'taken', string_agg(datname::text, ', ') from pg_database where datname = any ($2) having count(*) > 0
        union all
        select 'no-room', format('%s/%s', used, most) from (select count(*) as used, current_setting('max_connections')::int as most
            from pg_stat_activity where backend_type is null or backend_type in ('client backend', 'walsender')) c
          where used + $3 > most - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true)::int, 0)
        union all
        select 'role-limit', format('%s: %s', current_user, rolconnlimit) from me where not rolsuper and rolconnlimit between 0 and $3 - 1
        union all
        select 'no-room', format('%s/%s (%s)', used, rolconnlimit, current_user)
          from me, (select count(*) as used from pg_stat_activity where usename = current_user and backend_type = 'client backend') c
          where not rolsuper and rolconnlimit >= $3 and used + $3 > rolconnlimit
        """;

    /// <param name="session">In another database.</param>
    /// <param name="database">Oid of the one that is to be swapped.</param>
    /// <param name="names">Names that must be free.</param>
    /// <param name="connections">How many connections the restore opens besides.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<IReadOnlyList<Message>> FindAsync(
        PostgresSession session,
        uint database,
        IEnumerable<string> names,
        int connections,
        CancellationToken cancellation
    )
    {
        var found = await session
            .QueryAsync(
                Sql,
                r => (What: r.GetString(0), Which: r.GetString(1)),
                cancellation,
                DatabaseProperties.Of(database),
                new NpgsqlParameter { Value = names.ToArray() },
                new NpgsqlParameter { Value = connections }
            )
            .ConfigureAwait(false);
        return [.. found.Select(f => Say(f.What, f.Which, session.Target))];
    }

    private static Message Say(string what, string which, PostgresTarget server)
    {
        (string, object?)[] arguments = [("which", which), ("target", server)];
        return what switch
        {
            "maintenance" => Message.Of("postgres.swap.maintenance", arguments),
            "template" => Message.Of("postgres.swap.template", arguments),
            "no-createdb" => Message.Of("postgres.swap.no-createdb", arguments),
            "not-owner" => Message.Of("postgres.swap.not-owner", arguments),
            "foreign-owner" => Message.Of("postgres.swap.foreign-owner", arguments),
            "slot" => Message.Of("postgres.swap.slot", arguments),
            "subscription" => Message.Of("postgres.swap.subscription", arguments),
            "prepared" => Message.Of("postgres.swap.prepared", arguments),
            "session" => Message.Of("postgres.swap.session", arguments),
            "taken" => Message.Of("postgres.swap.taken", arguments),
            "role-limit" => Message.Of("postgres.swap.role-limit", arguments),
            "no-room" => Message.Of("postgres.swap.no-room", arguments),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
        };
    }
}
