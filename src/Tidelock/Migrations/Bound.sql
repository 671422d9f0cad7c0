-- Which relations in the schemas $1 need what is among $2 (relations), $3 (functions) or $4 (domains): schema, relation, what it needs.
select distinct n.nspname::text, c.relname::text, pg_describe_object(d.refclassid, d.refobjid, 0)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_depend d on (d.classid = 'pg_rewrite'::regclass and d.objid in (select w.oid from pg_rewrite w where w.ev_class = c.oid))
    or (d.classid = 'pg_class'::regclass and d.objid in (select i.indexrelid from pg_index i where i.indrelid = c.oid))
    or (d.classid = 'pg_attrdef'::regclass and d.objid in (select a.oid from pg_attrdef a where a.adrelid = c.oid))
    or (d.classid = 'pg_class'::regclass and d.objid = c.oid)
left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
where n.nspname = any ($1::text[]) and c.relkind in ('v', 'm') and (
    d.refclassid in ('pg_class'::regclass, 'pg_type'::regclass)
        and coalesce(t.typrelid, d.refobjid) = any (select to_regclass(r) from unnest($2::text[]) r)
    or d.refclassid = 'pg_proc'::regclass and d.refobjid = any (select to_regprocedure(f) from unnest($3::text[]) f)
    or d.refclassid = 'pg_type'::regclass and d.refobjid = any (select to_regtype(y) from unnest($4::text[]) y)
)
order by 1, 2, 3
