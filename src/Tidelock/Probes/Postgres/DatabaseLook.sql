/* tidelock */
select a.connections, a.active, a.idle, a.blocked, a.longest, a.hidden,
    d.xact_commit, d.xact_rollback, d.deadlocks,
    concat_ws(' ', pg_postmaster_start_time(), d.stats_reset),
    s.standbys, s.lag,
    (select n.nspname::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'),
    pg_has_role(current_user, 'pg_read_all_stats', 'usage')
from pg_stat_database d
cross join (
    -- A role without pg_read_all_stats does not see what kind of backend another role's is; those without a user are the server's
    -- own, and a parallel worker then counts as a client.
    select count(*) as connections,
        count(*) filter (where state = 'active') as active,
        count(*) filter (where state like 'idle in transaction%') as idle,
        count(*) filter (where wait_event_type = 'Lock') as blocked,
        coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0)::float8 as longest,
        count(*) filter (where state is null and query = '<insufficient privilege>') as hidden
    from pg_stat_activity
    where datid = (select oid from pg_database where datname = current_database())
      and coalesce(backend_type, 'client backend') = 'client backend' and usesysid is not null
      and application_name not like 'tidelock/%'
) a
cross join (
    select case when bool_or(hidden) then null else count(*) end as standbys,
        case when bool_or(behind is null) then null else max(behind) end as lag
    from (
        select r.state is null as hidden,
            case when pg_is_in_recovery() then null when r.replay_lsn >= pg_current_wal_lsn() then 0
                else extract(epoch from r.replay_lag)::float8 end as behind
        from pg_stat_replication r
        left join pg_replication_slots l on l.active_pid = r.pid
        where coalesce(l.slot_type, 'physical') = 'physical'
          and (r.state is null or r.state in ('streaming', 'catchup') and r.replay_lsn is not null)
    ) standby
) s
where d.datname = current_database()
