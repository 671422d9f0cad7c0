select coalesce(l.pid, 0), coalesce(a.usename, p.owner, '')::text, coalesce(a.application_name, '')::text,
    coalesce(extract(epoch from clock_timestamp() - coalesce(a.xact_start, p.prepared)),
        case when a.backend_start is null and l.pid is not null then 86400 else 0 end)::float8,
    coalesce(a.state, case when p.gid is not null then 'prepared transaction ' || p.gid else a.backend_type end, '')::text,
    coalesce(left(regexp_replace(a.query, '\s+', ' ', 'g'), 100), '')::text, a.backend_start, a.xact_start,
    coalesce(a.backend_type = 'autovacuum worker' and a.query not like '%(to prevent wraparound)%', false), n.nspname::text, c.relname::text
from pg_locks l
join pg_class c on c.oid = l.relation
join pg_namespace n on n.oid = c.relnamespace
left join pg_stat_activity a on a.pid = l.pid
left join pg_locks own on l.pid is null and own.pid is null and own.locktype = 'transactionid'
    and own.virtualtransaction = l.virtualtransaction
left join pg_prepared_xacts p on p.transaction = own.transactionid
where l.locktype = 'relation' and l.granted and l.pid is distinct from pg_backend_pid()
  and l.database = (select oid from pg_database where datname = current_database())
  and (n.nspname::text, c.relname::text) in (select * from unnest($1::text[], $2::text[]))
order by 4 desc, 1
