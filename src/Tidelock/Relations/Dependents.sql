-- What would go if the relation $1 were dropped: what can be put back, by catalog and oid, and everything else, named.
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
    where r.objsubid = 0 and r.classid in ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass)
),
member as (
    select c.oid, c.reltype, c.reltoastrelid
    from pg_class c
    where c.oid in (select objid from reached where classid = 'pg_class'::regclass and objsubid = 0) and c.relkind in ('v', 'm')
),
other as (
    select r.classid, r.objid
    from reached r
    where r.objsubid = 0 and (
        r.classid = 'pg_proc'::regclass and exists (select from pg_proc p where p.oid = r.objid and p.prokind in ('f', 'p', 'w'))
        or r.classid = 'pg_policy'::regclass
        or r.classid = 'pg_rewrite'::regclass and exists (
            select from pg_rewrite w where w.oid = r.objid and w.rulename <> '_RETURN' and w.ev_class not in (select oid from member)
        )
        or r.classid = 'pg_trigger'::regclass and exists (
            select from pg_trigger t
            where t.oid = r.objid and not t.tgisinternal and t.tgparentid = 0 and t.tgrelid not in (select oid from member)
        )
        or r.classid = 'pg_attrdef'::regclass and exists (
            select from pg_attrdef e
            join pg_attribute a on a.attrelid = e.adrelid and a.attnum = e.adnum
            where e.oid = r.objid and a.attgenerated = '' and e.adrelid not in (select oid from member)
        )
        or r.classid = 'pg_type'::regclass and exists (select from pg_type t where t.oid = r.objid and t.typtype = 'd')
        or r.classid = 'pg_statistic_ext'::regclass and exists (
            select from pg_statistic_ext s where s.oid = r.objid and s.stxrelid in (select oid from member)
        )
    )
),
known (classid, objid) as (
    select 'pg_class'::regclass::oid, oid from member
    union all select classid, objid from other
    union all select 'pg_class'::regclass, reltoastrelid from member
    union all
    select 'pg_class'::regclass, i.indexrelid from pg_index i
    where i.indisvalid
      and (i.indrelid in (select oid from member) or i.indrelid in (select reltoastrelid from member where reltoastrelid <> 0))
    union all select 'pg_type'::regclass, reltype from member
    union all select 'pg_type'::regclass, t.typarray from pg_type t join member m on t.oid = m.reltype
    union all
    select 'pg_type'::regclass, t.typarray from pg_type t join other o on o.classid = 'pg_type'::regclass and t.oid = o.objid
    union all
    select 'pg_constraint'::regclass, c.oid from pg_constraint c
    join other o on o.classid = 'pg_type'::regclass and c.contypid = o.objid
    union all
    select 'pg_rewrite'::regclass, w.oid from pg_rewrite w join member m on w.ev_class = m.oid where w.ev_enabled = 'O'
    union all select 'pg_attrdef'::regclass, a.oid from pg_attrdef a join member m on a.adrelid = m.oid
    union all
    select 'pg_trigger'::regclass, t.oid from pg_trigger t join member m on t.tgrelid = m.oid
    where not t.tgisinternal and t.tgenabled = 'O'
)
select true as restorable, 'pg_class'::regclass::oid, oid, null::text as description from member
union
select true, classid, objid, null from other
union
select false, 0, 0, pg_describe_object(r.classid, r.objid, r.objsubid)
from reached r
where (r.classid, r.objid) not in (select classid, objid from known)
union
select false, 0, 0, pg_describe_object(d.classid, d.objid, d.objsubid) || ' (' || pg_describe_object(d.refclassid, d.refobjid, 0) || ')'
from pg_depend d
join known k on k.classid = d.classid and k.objid = d.objid
where d.refclassid = 'pg_extension'::regclass
  and (d.deptype = 'x' or d.deptype = 'e' and d.classid not in ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass))
union
-- A new member's privileges of that moment become its initial ones, so default privileges must not give it any.
select false, 0, 0, 'membership of ' || pg_describe_object(d.classid, d.objid, 0) || ' in an extension, where default privileges apply'
from pg_depend d
join known k on k.classid = d.classid and k.objid = d.objid
where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and exists (
    select from pg_default_acl a
    where a.defaclrole = (select oid from pg_roles where rolname = current_user)
      and a.defaclobjtype = case d.classid when 'pg_class'::regclass then 'r' when 'pg_proc'::regclass then 'f' else 'T' end
      and a.defaclnamespace in (
        0, (select relnamespace from pg_class where d.classid = 'pg_class'::regclass and oid = d.objid),
        (select pronamespace from pg_proc where d.classid = 'pg_proc'::regclass and oid = d.objid),
        (select typnamespace from pg_type where d.classid = 'pg_type'::regclass and oid = d.objid)
      )
)
union
select false, 0, 0, 'initial privileges of ' || pg_describe_object(i.classoid, i.objoid, i.objsubid)
from pg_init_privs i
join known k on k.classid = i.classoid and k.objid = i.objoid
union
select false, 0, 0, 'security label on ' || pg_describe_object(s.classoid, s.objoid, s.objsubid)
from pg_seclabel s
join known k on k.classid = s.classoid and k.objid = s.objoid
where k.classid <> 'pg_class'::regclass
union
select false, 0, 0, 'comment on ' || pg_describe_object(c.classoid, c.objoid, 0)
from pg_description c
join known k on k.classid = c.classoid and k.objid = c.objoid
where c.classoid = 'pg_constraint'::regclass
   or c.classoid = 'pg_type'::regclass and c.objoid not in (select reltype from member) and c.objoid not in (select objid from other)
order by 1 desc, 4, 2, 3
