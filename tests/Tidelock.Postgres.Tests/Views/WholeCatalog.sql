-- Every row of the catalogs that belongs to a schema of somebody's, with names for oids: asked without knowing what a closure is.
-- A missing access list is spelled out: where default privileges apply, none can be made that is missing.
with thing as (
    select 'pg_class'::regclass as catalog, oid from pg_class where relnamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema', 'pg_toast'))
    union all select 'pg_type'::regclass, oid from pg_type where typnamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema', 'pg_toast'))
    union all select 'pg_proc'::regclass, oid from pg_proc where pronamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema', 'pg_toast'))
    union all select 'pg_rewrite'::regclass, w.oid from pg_rewrite w join pg_class c on c.oid = w.ev_class where c.oid >= 16384
    union all select 'pg_trigger'::regclass, oid from pg_trigger where not tgisinternal
    union all select 'pg_policy'::regclass, oid from pg_policy
    union all select 'pg_attrdef'::regclass, oid from pg_attrdef where adrelid >= 16384
    union all select 'pg_constraint'::regclass, oid from pg_constraint where oid >= 16384
    union all select 'pg_statistic_ext'::regclass, oid from pg_statistic_ext
),
named as (
    select t.catalog, t.oid, i.type || ' ' || i.identity as name from thing t, pg_identify_object(t.catalog, t.oid, 0) i
)
select 'relation', n.name, (to_jsonb(c) - array['oid', 'relname', 'relnamespace', 'relfilenode', 'reltype', 'reloftype', 'relowner', 'relam', 'relacl',
    'reltablespace', 'reltoastrelid', 'relfrozenxid', 'relminmxid', 'relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relrewrite'])::text
    || ' ' || c.relowner::regrole::text || ' ' || coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))::text || ' ' || coalesce((select amname from pg_am a where a.oid = c.relam), '')
    || ' ' || coalesce((select spcname from pg_tablespace s where s.oid = c.reltablespace), '')
    || ' ' || coalesce((select t.reloptions::text from pg_class t where t.oid = c.reltoastrelid), '')
from named n join pg_class c on n.catalog = 'pg_class'::regclass and c.oid = n.oid
union all
select 'column', n.name, (to_jsonb(a) - array['attrelid', 'atttypid', 'attcollation', 'attcacheoff', 'attacl', 'attmissingval'])::text
    || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || coalesce(a.attacl::text, 'null') || ' ' || a.attcollation::regcollation::text
from named n join pg_attribute a on n.catalog = 'pg_class'::regclass and a.attrelid = n.oid
where a.attnum > 0 and not a.attisdropped
union all
select 'index', n.name, (to_jsonb(i) - array['indexrelid', 'indrelid', 'indcollation', 'indclass', 'indexprs', 'indpred', 'indcheckxmin'])::text || ' ' || pg_get_indexdef(i.indexrelid)
from named n join pg_index i on n.catalog = 'pg_class'::regclass and i.indexrelid = n.oid
union all
select 'definition', n.name, pg_get_viewdef(n.oid) from named n join pg_class c on n.catalog = 'pg_class'::regclass and c.oid = n.oid and c.relkind in ('v', 'm')
union all
select 'rule', n.name, concat_ws(' ', w.ev_type, w.ev_enabled, w.is_instead, pg_get_ruledef(w.oid)) from named n join pg_rewrite w on n.catalog = 'pg_rewrite'::regclass and w.oid = n.oid
union all
select 'trigger', n.name, concat_ws(' ', t.tgenabled, t.tgtype, pg_get_triggerdef(t.oid)) from named n join pg_trigger t on n.catalog = 'pg_trigger'::regclass and t.oid = n.oid
union all
select 'policy', n.name, concat_ws(' ', p.polcmd, p.polpermissive, (select string_agg(r::regrole::text, ',' order by place) from unnest(p.polroles) with ordinality u (r, place)),
    pg_get_expr(p.polqual, p.polrelid), '/', pg_get_expr(p.polwithcheck, p.polrelid)) from named n join pg_policy p on n.catalog = 'pg_policy'::regclass and p.oid = n.oid
union all
select 'default', n.name, pg_get_expr(d.adbin, d.adrelid) from named n join pg_attrdef d on n.catalog = 'pg_attrdef'::regclass and d.oid = n.oid
union all
select 'constraint', n.name, concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated) from named n join pg_constraint k on n.catalog = 'pg_constraint'::regclass and k.oid = n.oid
union all
select 'function', n.name, p.proowner::regrole::text || ' ' || coalesce(p.proacl, acldefault('f', p.proowner))::text || ' ' || case when p.prokind in ('f', 'p', 'w') then pg_get_functiondef(p.oid) else p.prosrc end
from named n join pg_proc p on n.catalog = 'pg_proc'::regclass and p.oid = n.oid
union all
select 'type', n.name, concat_ws(' ', t.typowner::regrole, t.typtype, t.typnotnull, format_type(t.typbasetype, t.typtypmod), t.typcollation::regcollation, coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault), coalesce(t.typacl, acldefault('T', t.typowner))::text)
from named n join pg_type t on n.catalog = 'pg_type'::regclass and t.oid = n.oid
union all
select 'statistics', n.name, s.stxowner::regrole::text || ' ' || coalesce(s.stxstattarget::int, -1) || ' ' || pg_get_statisticsobjdef(s.oid)
from named n join pg_statistic_ext s on n.catalog = 'pg_statistic_ext'::regclass and s.oid = n.oid
union all
select 'comment', i.type || ' ' || i.identity, d.description from pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i where d.objoid >= 16384
union all
select 'label', i.type || ' ' || i.identity, d.provider || ' ' || d.label from pg_seclabel d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
union all
select 'initial privileges', i.type || ' ' || i.identity, d.initprivs::text from pg_init_privs d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i where d.objoid >= 16384
union all
select 'dependency', i.type || ' ' || i.identity, concat_ws(' ', d.deptype, j.type, j.identity)
from pg_depend d, pg_identify_object(d.classid, d.objid, d.objsubid) i, pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) j
where d.objid >= 16384 and i.identity not like '%pg_toast%' and j.identity not like '%pg_toast%'
union all
select 'role', i.type || ' ' || i.identity, concat_ws(' ', d.deptype, d.refobjid::regrole)
from pg_shdepend d, pg_identify_object(d.classid, d.objid, d.objsubid) i
where d.dbid = (select oid from pg_database where datname = current_database()) and d.refclassid = 'pg_authid'::regclass
order by 1, 2, 3
