select a.pid, coalesce(l.waitstart, clock_timestamp())::text,
    coalesce(extract(epoch from clock_timestamp() - l.waitstart), 0)::float8,
    coalesce(n.nspname, '')::text, coalesce(c.relname, '')::text, pg_blocking_pids(l.pid)
from pg_stat_activity a
join pg_locks l on l.pid = a.pid and not l.granted
left join pg_class c on c.oid = l.relation
left join pg_namespace n on n.oid = c.relnamespace
where a.datname = current_database() and (a.pid = $1 or $2 <> '' and a.application_name = $2)
