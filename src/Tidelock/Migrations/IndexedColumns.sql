-- What hangs on columns of the materialized view $1 that are not among $2: "index public.i (a, b)".
select case d.classid when 'pg_class'::regclass then 'index ' else 'statistics ' end
    || case d.classid
        when 'pg_class'::regclass then d.objid::regclass::text
        else (select format('%I.%I', n.nspname, s.stxname) from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where s.oid = d.objid)
    end
    || format(' (%s)', string_agg(distinct quote_ident(a.attname), ', '))
from pg_depend d
join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
where d.refclassid = 'pg_class'::regclass
  and d.refobjid = $1::regclass
  and d.refobjsubid > 0
  and (
    d.classid = 'pg_class'::regclass and d.objid in (select i.indexrelid from pg_index i where i.indrelid = $1::regclass)
    or d.classid = 'pg_statistic_ext'::regclass
  )
  and a.attname <> all ($2::text[])
group by d.classid, d.objid
order by 1
