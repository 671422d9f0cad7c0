with tables as (
    -- What pg_dump locks: members of extensions are not dumped.
    select c.oid from pg_class c
    where c.relkind in ('r', 'p') and c.relpersistence <> 't' and c.oid >= 16384
      and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
), held as (
    select l.pid, count(distinct l.relation) as tables
    from pg_locks l join tables t on t.oid = l.relation
    where l.locktype = 'relation' and l.mode = 'AccessShareLock' and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
    group by l.pid
)
select a.pid, a.usename::text, (extract(epoch from now() - a.backend_start) / 60)::int
from pg_stat_activity a left join held h on h.pid = a.pid
where a.datname = current_database() and a.pid <> pg_backend_pid()
  and (a.application_name = 'pg_dump'
    -- PGAPPNAME gives it any name. It copies or locks, with all tables in its hands; without the right to see what others run, many must do.
    or a.query ~* '^\s*lock table .* in access share mode'
    or h.tables = (select count(*) from tables) and (a.query ~* '^\s*copy .* to stdout' or h.tables >= 10 and a.query = '<insufficient privilege>'))
