-- Whatever a CASCADE can take along, of the database's own, with what it needs; $1: also what needs nothing, such as tables, and grants.
with relations as materialized (
    select c.oid, c.relkind, c.relispartition, c.relacl, c.relowner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'tidelock_trace')
),
functions as materialized (
    select p.oid, p.proacl, p.proowner from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'tidelock_trace') and n.nspname not like 'pg\_temp\_%'
),
-- Inherited: what goes with the same of another table, and is not named beside it; it is listed because it was or will be its own.
things (class, id, sub, part_of, bare, inherited, has_rows) as (
    select 'pg_class'::regclass, oid, 0, null::oid, true, relispartition, false from relations where relkind in ('v', 'm', 'f')
    union all
    select 'pg_class'::regclass, oid, 0, (select inhparent from pg_inherits where inhrelid = oid and relispartition), false, false, true
    from relations where relkind in ('r', 'p')
    union all
    select 'pg_class'::regclass, i.indexrelid, 0, i.indrelid, i.indexprs is not null or i.indpred is not null, r.relispartition, false
    from pg_index i join relations r on r.oid = i.indrelid
    where not exists (select from pg_constraint where conindid = i.indexrelid and contype in ('p', 'u', 'x'))
    union all
    select 'pg_proc'::regclass, oid, 0, null, true, false, false from functions
    union all
    select 'pg_type'::regclass, t.oid, 0, null, t.typtype = 'd', false, false from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype in ('d', 'e', 'r') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_temp\_%'
    union all
    select 'pg_policy'::regclass, p.oid, 0, p.polrelid, true, false, false from pg_policy p join relations r on r.oid = p.polrelid
    union all
    select 'pg_trigger'::regclass, t.oid, 0, t.tgrelid, true, false, false from pg_trigger t join relations r on r.oid = t.tgrelid
    where not t.tgisinternal and t.tgparentid = 0
    union all
    select 'pg_publication_rel'::regclass, p.oid, 0, p.prrelid, false, false, false
    from pg_publication_rel p join relations r on r.oid = p.prrelid
    union all
    select 'pg_rewrite'::regclass, w.oid, 0, w.ev_class, true, false, false from pg_rewrite w join relations r on r.oid = w.ev_class
    where w.rulename <> '_RETURN'
    union all
    select 'pg_constraint'::regclass, c.oid, 0, c.conrelid, c.contype in ('c', 'f'), c.conparentid <> 0 or r.relispartition, false
    from pg_constraint c join relations r on r.oid = c.conrelid
    where c.contype in ('c', 'f', 'p', 'u', 'x')
    union all
    select 'pg_class'::regclass, a.attrelid, a.attnum, a.attrelid, false, r.relispartition, r.relkind <> 'f' and a.attgenerated = ''
    from pg_attribute a join relations r on r.oid = a.attrelid
    where r.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped
    union all
    select 'pg_attrdef'::regclass, d.oid, 0, d.adrelid, false, r.relispartition, false from pg_attrdef d join relations r on r.oid = d.adrelid
    where r.relkind in ('r', 'p', 'f')
),
-- A view needs what its rule reads; of a relation, the columns are named that are read of it.
needs as materialized (
    select case when v.oid is null then d.classid else 'pg_class'::regclass end as class, coalesce(v.ev_class, d.objid) as id, d.objsubid as sub,
        d.refobjid, concat_ws('.', d.refclassid, d.refobjid, string_agg(distinct d.refobjsubid::text, ',') filter (where d.refobjsubid > 0)) as need
    from pg_depend d left join pg_rewrite v on d.classid = 'pg_rewrite'::regclass and v.oid = d.objid and v.rulename = '_RETURN'
    where d.deptype = 'n'
    group by 1, 2, 3, 4, d.refclassid
),
stands as materialized (
    select class, id, sub, array_agg(need order by need) as needs from needs where refobjid <> id group by class, id, sub
),
acls (class, id, acl, owner) as (
    select 'pg_class'::regclass, oid, relacl, relowner from relations where relkind in ('v', 'm', 'r', 'p', 'f')
    union all
    select 'pg_class'::regclass, r.oid, a.attacl, r.relowner from relations r join pg_attribute a on a.attrelid = r.oid where a.attacl is not null
    union all
    select 'pg_proc'::regclass, oid, proacl, proowner from functions
)
select i.type, i.identity, o.identity, coalesce(s.needs, '{}'), concat_ws('.', t.class::oid, t.id, t.sub), t.inherited, t.has_rows
from things t
    cross join lateral pg_identify_object(t.class, t.id, t.sub) i
    left join lateral pg_identify_object('pg_class'::regclass, t.part_of, 0) o on t.part_of is not null
    left join stands s on s.class = t.class and s.id = t.id and s.sub = t.sub
where ($1 or not t.inherited and (t.bare or s.id is not null)) and i.identity is not null
    and not exists (select from pg_depend e where e.classid = t.class and e.objid = t.id and e.deptype = 'e')
union all
select distinct 'grant', format('%s on %s to %s', g.privilege_type, o.identity, coalesce(a.rolname, 'PUBLIC')), o.identity, '{}'::text[], null, false, false
from acls l
    cross join lateral aclexplode(l.acl) g
    left join pg_roles a on a.oid = g.grantee
    cross join lateral pg_identify_object(l.class, l.id, 0) o
where $1 and g.grantee <> l.owner
order by 1, 2
