-- What would go if the relation $1 were dropped: relations that can be put back, and everything else, named.
with recursive reached (classid, objid, objsubid) as (
    select 'pg_class'::regclass::oid, $1::oid, 0
    union
    select found.classid, found.objid, found.objsubid
    from reached r
    join pg_depend d on d.refclassid = r.classid and d.refobjid = r.objid
    cross join lateral (
        select d.classid, d.objid, d.objsubid
        union all
        select 'pg_class'::regclass::oid, w.ev_class, 0
        from pg_rewrite w
        where d.classid = 'pg_rewrite'::regclass and w.oid = d.objid and w.rulename = '_RETURN'
    ) found
    where r.objsubid = 0 and r.classid in ('pg_class'::regclass, 'pg_type'::regclass)
),
member as (
    select c.oid, c.reltype, c.reltoastrelid
    from pg_class c
    where c.oid in (select objid from reached where classid = 'pg_class'::regclass and objsubid = 0) and c.relkind in ('v', 'm')
),
known (classid, objid) as (
    select 'pg_class'::regclass::oid, oid from member
    union all select 'pg_class'::regclass, reltoastrelid from member
    union all
    select 'pg_class'::regclass, i.indexrelid from pg_index i
    where i.indisvalid
      and (i.indrelid in (select oid from member) or i.indrelid in (select reltoastrelid from member where reltoastrelid <> 0))
    union all select 'pg_type'::regclass, reltype from member
    union all select 'pg_type'::regclass, t.typarray from pg_type t join member m on t.oid = m.reltype
    union all
    select 'pg_rewrite'::regclass, w.oid from pg_rewrite w join member m on w.ev_class = m.oid where w.ev_enabled = 'O'
    union all select 'pg_attrdef'::regclass, a.oid from pg_attrdef a join member m on a.adrelid = m.oid
    union all
    select 'pg_trigger'::regclass, t.oid from pg_trigger t join member m on t.tgrelid = m.oid
    where not t.tgisinternal and t.tgenabled = 'O'
)
select true as restorable, oid, null::text as description from member
union
select false, 0, pg_describe_object(r.classid, r.objid, r.objsubid)
from reached r
where (r.classid, r.objid) not in (select classid, objid from known)
union
select false, 0, pg_describe_object(d.classid, d.objid, d.objsubid) || ' (' || pg_describe_object(d.refclassid, d.refobjid, 0) || ')'
from pg_depend d
join known k on k.classid = d.classid and k.objid = d.objid
where d.refclassid = 'pg_extension'::regclass and d.deptype in ('e', 'x')
union
select false, 0, 'security label on ' || pg_describe_object(s.classoid, s.objoid, s.objsubid)
from pg_seclabel s
join known k on k.classid = s.classoid and k.objid = s.objoid
union
select false, 0, 'comment on ' || pg_describe_object(c.classoid, c.objoid, 0)
from pg_description c
join known k on k.classid = c.classoid and k.objid = c.objoid
where c.classoid = 'pg_type'::regclass
union
select false, 0, 'statistics target of ' || pg_describe_object('pg_class'::regclass, a.attrelid, a.attnum)
from pg_attribute a
join pg_index i on i.indexrelid = a.attrelid
join member m on i.indrelid = m.oid
where a.attstattarget >= 0
order by 1 desc, 3, 2
