-- Each relation of $1 as JSON in the shape of CapturedRelation, and what its definition needs.
select 'pg_class'::regclass::oid || '/' || c.oid,
    json_build_object(
        'name', json_build_object('schema', n.nspname, 'name', c.relname),
        'kind', case c.relkind when 'v' then 'View' else 'MaterializedView' end,
        'owner', pg_get_userbyid(c.relowner),
        'definition', rtrim(pg_get_viewdef(c.oid), ';'),
        'options', (
            select coalesce(json_agg(o.option order by o.part, o.place), '[]')
            from (
                select 1 as part, p.place, p.option from unnest(c.reloptions) with ordinality p (option, place)
                union all
                select 2, p.place, 'toast.' || p.option
                from pg_class t, unnest(t.reloptions) with ordinality p (option, place)
                where t.oid = c.reltoastrelid
            ) o
        ),
        'columns', (
            select coalesce(json_agg(json_build_object(
                'name', a.attname,
                'type', format_type(a.atttypid, a.atttypmod),
                'collation', (
                    select quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                    from pg_collation co
                    join pg_namespace cn on cn.oid = co.collnamespace
                    where co.oid = a.attcollation and a.attcollation <> t.typcollation
                ),
                'notNull', a.attnotnull,
                'default', (
                    select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = c.oid and d.adnum = a.attnum
                ),
                'comment', col_description(c.oid, a.attnum),
                'grants', case when a.attacl is not null then (
                    select coalesce(json_agg(json_build_object(
                        'grantor', pg_get_userbyid(g.grantor),
                        'grantee', nullif(pg_get_userbyid(nullif(g.grantee, 0)), ''),
                        'privilege', g.privilege_type,
                        'grantable', g.is_grantable
                    ) order by g.place), '[]')
                    from aclexplode(a.attacl) with ordinality g (grantor, grantee, privilege_type, is_grantable, place)
                ) end,
                'statistics', case when a.attstattarget >= 0 then a.attstattarget end,
                'storage', case when a.attstorage <> t.typstorage then
                    case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'x' then 'extended' else 'main' end
                end,
                'compression', case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
                'options', a.attoptions
            ) order by a.attnum), '[]')
            from pg_attribute a
            join pg_type t on t.oid = a.atttypid
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ),
        'grants', case when c.relacl is not null then (
            select coalesce(json_agg(json_build_object(
                'grantor', pg_get_userbyid(g.grantor),
                'grantee', nullif(pg_get_userbyid(nullif(g.grantee, 0)), ''),
                'privilege', g.privilege_type,
                'grantable', g.is_grantable
            ) order by g.place), '[]')
            from aclexplode(c.relacl) with ordinality g (grantor, grantee, privilege_type, is_grantable, place)
        ) end,
        'comment', obj_description(c.oid, 'pg_class'),
        'rules', (
            select coalesce(json_agg(json_build_object(
                'name', w.rulename,
                'definition', case when w.rulename <> '_RETURN' then rtrim(pg_get_ruledef(w.oid), ';') end,
                'comment', obj_description(w.oid, 'pg_rewrite')
            ) order by w.rulename collate "C"), '[]')
            from pg_rewrite w
            where w.ev_class = c.oid and (w.rulename <> '_RETURN' or obj_description(w.oid, 'pg_rewrite') is not null)
        ),
        'triggers', (
            select coalesce(json_agg(json_build_object(
                'name', t.tgname,
                'definition', pg_get_triggerdef(t.oid),
                'comment', obj_description(t.oid, 'pg_trigger')
            ) order by t.tgname collate "C"), '[]')
            from pg_trigger t
            where t.tgrelid = c.oid and not t.tgisinternal
        ),
        'indexes', (
            select coalesce(json_agg(json_build_object(
                'name', ic.relname,
                'definition', pg_get_indexdef(ic.oid),
                'comment', obj_description(ic.oid, 'pg_class'),
                'tablespace', (select s.spcname from pg_tablespace s where s.oid = ic.reltablespace),
                'clustered', i.indisclustered,
                'statistics', (
                    select json_object_agg(a.attnum, a.attstattarget order by a.attnum)
                    from pg_attribute a
                    where a.attrelid = ic.oid and a.attstattarget >= 0
                )
            ) order by ic.oid), '[]')
            from pg_index i
            join pg_class ic on ic.oid = i.indexrelid
            where i.indrelid = c.oid
        ),
        'populated', c.relispopulated,
        'accessMethod', (select m.amname from pg_am m where m.oid = c.relam),
        'tablespace', (select s.spcname from pg_tablespace s where s.oid = c.reltablespace),
        'ownersDefault', (
            select json_agg(g.privilege_type order by g.place)
            from aclexplode(acldefault('r', c.relowner)) with ordinality g (grantor, grantee, privilege_type, is_grantable, place)
        ),
        'typeComment', obj_description(c.reltype, 'pg_type'),
        'typeGrants', (
            select json_agg(json_build_object(
                'grantor', pg_get_userbyid(g.grantor),
                'grantee', nullif(pg_get_userbyid(nullif(g.grantee, 0)), ''),
                'privilege', g.privilege_type,
                'grantable', g.is_grantable
            ) order by g.place)
            from pg_type t, aclexplode(t.typacl) with ordinality g (grantor, grantee, privilege_type, is_grantable, place)
            where t.oid = c.reltype
        ),
        'labels', (
            select json_agg(json_build_object(
                'provider', l.provider, 'column', a.attname, 'label', l.label
            ) order by l.provider, l.objsubid)
            from pg_seclabel l
            left join pg_attribute a on a.attrelid = c.oid and a.attnum = l.objsubid and l.objsubid > 0
            where l.classoid = 'pg_class'::regclass and l.objoid = c.oid
        ),
        'replicaIdentity', case when c.relkind = 'm' then (
            select case c.relreplident when 'n' then 'nothing' when 'f' then 'full' when 'i' then 'using index ' || quote_ident(ic.relname) end
            from (select 1) one
            left join pg_index i on i.indrelid = c.oid and i.indisreplident
            left join pg_class ic on ic.oid = i.indexrelid
            where c.relreplident <> 'd'
        ) end,
        'extension', (
            select e.extname
            from pg_depend d
            join pg_extension e on e.oid = d.refobjid
            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
        )
    )::text,
    array(
        select distinct case when coalesce(e.typrelid, t.typrelid, 0) <> 0
            then 'pg_class'::regclass::oid || '/' || coalesce(e.typrelid, t.typrelid)
            else d.refclassid || '/' || coalesce(e.oid, d.refobjid) end
        from pg_rewrite w
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
        left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
        left join pg_type e on e.oid = t.typelem and e.typarray = t.oid
        where w.ev_class = c.oid and w.rulename = '_RETURN'
          and d.refclassid in ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass)
          and (d.refclassid <> 'pg_class'::regclass or d.refobjid <> c.oid)
    )
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1)
order by n.nspname collate "C", c.relname collate "C"
