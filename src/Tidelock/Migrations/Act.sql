select case when $8 then pg_terminate_backend(a.pid) else pg_cancel_backend(a.pid) end
from pg_stat_activity a
join pg_roles r on r.oid = a.usesysid
where a.pid = $1 and a.backend_start = $2 and a.xact_start = $3
  and clock_timestamp() - a.xact_start >= $4
  and a.datname = current_database()
  and not starts_with(coalesce(a.application_name, ''), 'tidelock/')
  and (a.usename = any($5::text[]) and a.backend_type in ('client backend', 'walsender')
    or a.application_name = any($6::text[]) and a.backend_type = 'client backend' and not r.rolsuper and not r.rolreplication)
  and ($8 or a.state = 'active')
  and exists (select from pg_locks l where l.pid = a.pid and l.granted and ($7 = '' or l.relation = to_regclass($7)))
