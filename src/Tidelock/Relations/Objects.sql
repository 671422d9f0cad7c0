-- Each object of the catalogs $1 and oids $2 that is no relation, as JSON in the shape of CapturedObject, and what it needs.
with wanted (classid, objid) as (
    select * from unnest($1::oid[], $2::oid[])
),
functions as (
    select 'pg_proc'::regclass::oid as classid, p.oid as objid, json_build_object(
        'kind', case p.prokind when 'p' then 'procedure' else 'function' end,
        'name', p.oid::regprocedure::text,
        'owner', pg_get_userbyid(p.proowner),
        'statements', json_build_array('set local check_function_bodies = off', pg_get_functiondef(p.oid)),
        'grants', case when p.proacl is not null then (
            select coalesce(json_agg(json_build_object(
                'grantor', pg_get_userbyid(g.grantor),
                'grantee', nullif(pg_get_userbyid(nullif(g.grantee, 0)), ''),
                'privilege', g.privilege_type,
                'grantable', g.is_grantable
            ) order by g.place), '[]')
            from aclexplode(p.proacl) with ordinality g (grantor, grantee, privilege_type, is_grantable, place)
        ) end,
        'comment', obj_description(p.oid, 'pg_proc')
    ) as shape
    from pg_proc p
    where p.oid in (select objid from wanted)
),
policies as (
    select 'pg_policy'::regclass::oid as classid, p.oid as objid, json_build_object(
        'kind', 'policy',
        'name', quote_ident(p.polname) || ' on ' || p.polrelid::regclass,
        'owner', pg_get_userbyid(c.relowner),
        'table', p.polrelid::regclass,
        'statements', json_build_array(
            format(
                'create policy %I on %s as %s for %s to %s', p.polname, p.polrelid::regclass,
                case when p.polpermissive then 'permissive' else 'restrictive' end,
                case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
                u.roles
            ),
            format(
                'alter policy %I on %s to %s%s%s', p.polname, p.polrelid::regclass, u.roles,
                ' using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                ' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
            )
        ),
        'comment', obj_description(p.oid, 'pg_policy'),
        'meaning', format(
            'select %s as using_%s, %s as check_%s from %s %I',
            coalesce(pg_get_expr(p.polqual, p.polrelid), 'true'), p.polqual is not null,
            coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'true'), p.polwithcheck is not null,
            p.polrelid::regclass, c.relname
        )
    ) as shape
    from pg_policy p
    join pg_class c on c.oid = p.polrelid
    cross join lateral (
        select string_agg(case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end, ', ' order by place) as roles
        from unnest(p.polroles) with ordinality u (r, place)
    ) u
    where p.oid in (select objid from wanted)
),
rules as (
    select 'pg_rewrite'::regclass::oid as classid, w.oid as objid, json_build_object(
        'kind', 'rule',
        'name', quote_ident(w.rulename) || ' on ' || w.ev_class::regclass,
        'owner', pg_get_userbyid(c.relowner),
        'table', w.ev_class::regclass,
        'statements', case when w.ev_enabled = 'O' then json_build_array(rtrim(pg_get_ruledef(w.oid), ';')) else json_build_array(
            rtrim(pg_get_ruledef(w.oid), ';'),
            format(
                'alter table %s %s rule %I', w.ev_class::regclass,
                case w.ev_enabled when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, w.rulename
            )
        ) end,
        'comment', obj_description(w.oid, 'pg_rewrite')
    ) as shape
    from pg_rewrite w
    join pg_class c on c.oid = w.ev_class
    where w.oid in (select objid from wanted)
),
triggers as (
    select 'pg_trigger'::regclass::oid as classid, t.oid as objid, json_build_object(
        'kind', 'trigger',
        'name', quote_ident(t.tgname) || ' on ' || t.tgrelid::regclass,
        'owner', pg_get_userbyid(c.relowner),
        'table', t.tgrelid::regclass,
        -- A trigger of a partitioned table has one on each partition, whose state and comment are its own.
        'statements', array[pg_get_triggerdef(t.oid)] || k.states || k.comments,
        'comment', obj_description(t.oid, 'pg_trigger')
    ) as shape
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    cross join lateral (
        with recursive kin (oid, place) as (
            select t.oid, array[t.tgrelid::regclass::text]
            union all
            select p.oid, k.place || p.tgrelid::regclass::text from kin k join pg_trigger p on p.tgparentid = k.oid
        )
        select
            coalesce(array_agg(format(
                'alter table only %s %s trigger %I', p.tgrelid::regclass,
                case p.tgenabled when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, p.tgname
            ) order by k.place) filter (where p.tgenabled <> 'O'), '{}') as states,
            coalesce(array_agg(format(
                'comment on trigger %I on %s is %L', p.tgname, p.tgrelid::regclass, obj_description(p.oid, 'pg_trigger')
            ) order by k.place) filter (where p.oid <> t.oid and obj_description(p.oid, 'pg_trigger') is not null), '{}') as comments
        from kin k
        join pg_trigger p on p.oid = k.oid
    ) k
    where t.oid in (select objid from wanted)
),
-- Partitions and children have defaults of their own, which only ONLY leaves alone.
defaults as (
    select 'pg_attrdef'::regclass::oid as classid, d.oid as objid, json_build_object(
        'kind', 'default',
        'name', d.adrelid::regclass || '.' || quote_ident(a.attname),
        'owner', pg_get_userbyid(c.relowner),
        'table', d.adrelid::regclass,
        'statements', json_build_array(
            format('alter table only %s alter column %I set default %s', d.adrelid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid))
        ),
        'drop', format('alter table only %s alter column %I drop default', d.adrelid::regclass, a.attname),
        'meaning', 'select ' || pg_get_expr(d.adbin, d.adrelid)
    ) as shape
    from pg_attrdef d
    join pg_class c on c.oid = d.adrelid
    join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    where d.oid in (select objid from wanted)
),
domains as (
    select 'pg_type'::regclass::oid as classid, t.oid as objid, json_build_object(
        'kind', 'domain',
        'name', t.oid::regtype::text,
        'owner', pg_get_userbyid(t.typowner),
        'statements', json_build_array(
            'create domain ' || t.oid::regtype || ' as ' || format_type(t.typbasetype, t.typtypmod)
            || coalesce((
                select ' collate ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                from pg_collation co
                join pg_namespace cn on cn.oid = co.collnamespace
                join pg_type b on b.oid = t.typbasetype
                where co.oid = t.typcollation and t.typcollation <> b.typcollation
            ), '')
            || coalesce(' default ' || coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)), '')
            || case
                when t.typnotnull and not exists (select from pg_constraint n where n.contypid = t.oid and n.contype::text = 'n') then ' not null'
                else ''
            end
            || coalesce((
                select string_agg(format(' constraint %I %s', k.conname, pg_get_constraintdef(k.oid)), '' order by k.conname collate "C")
                from pg_constraint k
                where k.contypid = t.oid
            ), '')
        ),
        'grants', case when t.typacl is not null then (
            select coalesce(json_agg(json_build_object(
                'grantor', pg_get_userbyid(g.grantor),
                'grantee', nullif(pg_get_userbyid(nullif(g.grantee, 0)), ''),
                'privilege', g.privilege_type,
                'grantable', g.is_grantable
            ) order by g.place), '[]')
            from aclexplode(t.typacl) with ordinality g (grantor, grantee, privilege_type, is_grantable, place)
        ) end,
        'comment', obj_description(t.oid, 'pg_type')
    ) as shape
    from pg_type t
    where t.oid in (select objid from wanted)
),
statistics as (
    select 'pg_statistic_ext'::regclass::oid as classid, s.oid as objid, json_build_object(
        'kind', 'statistics',
        'name', format('%I.%I', n.nspname, s.stxname),
        'owner', pg_get_userbyid(s.stxowner),
        'statements', case when coalesce(s.stxstattarget, -1) < 0 then json_build_array(pg_get_statisticsobjdef(s.oid)) else json_build_array(
            pg_get_statisticsobjdef(s.oid),
            format('alter statistics %I.%I set statistics %s', n.nspname, s.stxname, s.stxstattarget)
        ) end,
        'comment', obj_description(s.oid, 'pg_statistic_ext')
    ) as shape
    from pg_statistic_ext s
    join pg_namespace n on n.oid = s.stxnamespace
    where s.oid in (select objid from wanted)
),
shaped as (
    select * from functions
    union all select * from policies
    union all select * from rules
    union all select * from triggers
    union all select * from defaults
    union all select * from domains
    union all select * from statistics
)
select w.classid || '/' || w.objid, (s.shape::jsonb || jsonb_build_object('extension', (
        select e.extname
        from pg_depend d
        join pg_extension e on e.oid = d.refobjid
        where d.classid = w.classid and d.objid = w.objid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    )))::text,
    array(
        select distinct case when coalesce(e.typrelid, t.typrelid, 0) <> 0
            then 'pg_class'::regclass::oid || '/' || coalesce(e.typrelid, t.typrelid)
            else d.refclassid || '/' || coalesce(e.oid, d.refobjid) end
        from pg_depend d
        left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
        left join pg_type e on e.oid = t.typelem and e.typarray = t.oid
        where d.refclassid in ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass)
          and (
            d.classid = w.classid and d.objid = w.objid
            or d.classid = 'pg_constraint'::regclass and w.classid = 'pg_type'::regclass
                and d.objid in (select k.oid from pg_constraint k where k.contypid = w.objid)
                and d.refobjid <> w.objid
          )
    )
from wanted w
join shaped s on s.classid = w.classid and s.objid = w.objid
order by 2
