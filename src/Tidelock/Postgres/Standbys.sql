select r.state is not null, coalesce(nullif(r.application_name, ''), '?')::text, coalesce(host(r.client_addr), 'local')::text,
    extract(epoch from r.replay_lag)::float8, coalesce(pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn)), '?')
from pg_stat_replication r
left join pg_replication_slots s on s.active_pid = r.pid
where coalesce(s.slot_type, 'physical') = 'physical'
  and (r.state is null or r.state in ('streaming', 'catchup') and r.replay_lsn is not null
    and case when $1 = '' then true else r.replay_lsn < $1::pg_lsn end)
order by 2, 3
