-- Whether the relations $1 and $2 read the same and hang on the same objects.
select pg_get_viewdef($1::regclass) = pg_get_viewdef($2::regclass)
   and array(
        select distinct (d.refclassid, d.refobjid, d.refobjsubid)::text
        from pg_rewrite w
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
        where w.ev_class = $1::regclass and w.rulename = '_RETURN' and d.refobjid <> w.ev_class
        order by 1
    ) = array(
        select distinct (d.refclassid, d.refobjid, d.refobjsubid)::text
        from pg_rewrite w
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
        where w.ev_class = $2::regclass and w.rulename = '_RETURN' and d.refobjid <> w.ev_class
        order by 1
    )
