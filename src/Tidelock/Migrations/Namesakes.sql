-- For each relation among $2 that the view $1 reads: its schema, and those among $3 that have another relation of its name.
select distinct n.nspname::text, o.nspname::text
from pg_rewrite w
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
join pg_class c on c.oid = coalesce(t.typrelid, d.refobjid) and d.refclassid in ('pg_class'::regclass, 'pg_type'::regclass)
join pg_namespace n on n.oid = c.relnamespace
join pg_class other on other.relname = c.relname and other.oid <> c.oid
join pg_namespace o on o.oid = other.relnamespace
where w.ev_class = $1::regclass and c.oid <> w.ev_class
  and c.oid = any (select to_regclass(m) from unnest($2::text[]) m)
  and o.nspname = any ($3::text[])
