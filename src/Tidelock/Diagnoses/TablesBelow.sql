with recursive below (oid) as (
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2
    union
    select d.refobjid
    from below b
    join pg_rewrite r on r.ev_class = b.oid
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
)
select n.nspname::text, c.relname::text, c.reltuples::float8, pg_total_relation_size(c.oid)::int8,
    extract(epoch from clock_timestamp() - greatest(s.last_analyze, s.last_autoanalyze))::float8,
    coalesce(s.n_mod_since_analyze, 0)::int8,
    array(select pg_get_indexdef(i.indexrelid) from pg_index i where i.indrelid = c.oid order by 1)
from below
join pg_class c on c.oid = below.oid
join pg_namespace n on n.oid = c.relnamespace
left join pg_stat_all_tables s on s.relid = c.oid
where c.relkind in ('r', 'p', 'm')
order by 1, 2
