-- Every way of writing a query.
create schema queries;
set search_path = queries;
create table person (id bigint primary key, name text not null, team_id bigint, born date, score numeric(8, 2), tags text[], doc jsonb, at timestamptz);
create table team (id bigint primary key, name varchar(40) collate "C", parent bigint);
create view plain as select id, name from person;
create view star as select * from person;
create view aliased (a, b, c) as select id, name, born from person;
create view filtered as select id from person where score > 1.50 and name like 'a%' and born between date '2000-01-01' and date '2010-12-31';
create view joined as select p.id, t.name as team from person p join team t on t.id = p.team_id;
create view using_join as select * from person join (select id as team_id, name as team_name from team) t using (team_id);
create view using_alias as select x.team_id, p.id from person p join (select id as team_id from team) t using (team_id) as x;
create view natural_join as select * from (select id, name from person) a natural join (select id, name from team) b;
create view outer_joins as select p.id, t.id as team, u.id as parent from person p left join team t on t.id = p.team_id full join team u on u.id = t.parent;
create view cross_join as select p.id, t.id as team from person p cross join team t;
create view lateral_join as select p.id, l.n from person p, lateral (select count(*) as n from team t where t.id > p.team_id) l;
create view lateral_function as select p.id, g.g, g.o from person p cross join lateral generate_series(1, p.team_id) with ordinality g (g, o);
create view rows_from as select * from rows from (generate_series(1, 3), unnest(array['a', 'b'])) with ordinality r (n, t, o);
create view column_list as select * from json_to_recordset('[{"a":1,"b":"x"}]') as r (a int, b text);
create view sampled as select id from person tablesample bernoulli (10) repeatable (7);
create view only_parent as select id from only person;
create view with_cte as with newest as (select id, at from person order by at desc limit 10) select id from newest;
create view with_materialized as with m as materialized (select id from person), n as not materialized (select id from team) select m.id, n.id as team from m, n;
create view recursive_view as with recursive up (id, parent, depth) as (
    select id, parent, 1 from team union all select t.id, t.parent, u.depth + 1 from team t join up u on u.parent = t.id
) select * from up;
create recursive view counting (n) as values (1) union all select n + 1 from counting where n < 5;
create view searched as with recursive up (id, parent) as (
    select id, parent from team union all select t.id, t.parent from team t join up u on u.parent = t.id
) search depth first by id set path cycle id set looped using trail select id, cardinality(path) as length, looped from up;
create view unions as select id from person union select id from team;
create view unions_all as select id from person union all (select id from team order by id limit 3);
create view intersects as select id from person intersect all select id from team;
create view excepts as (select id from person except select id from team) union all select 0;
create view valued as values (1, 'a'), (2, 'b');
create view tabled as table person;
create view ordered as select id, name from person order by name collate "C" desc nulls last, id;
create view limited as select id from person order by id offset 2 rows fetch first 5 rows with ties;
create view distinct_rows as select distinct name from person;
create view distinct_on as select distinct on (team_id) team_id, id from person order by team_id, score desc nulls last;
create view grouped as select team_id, count(*) as n, sum(score) filter (where score > 0) as s from person group by team_id having count(*) > 1;
create view grouping_sets as select team_id, born, grouping(team_id, born) as g, count(*) from person group by grouping sets ((team_id, born), (team_id), ());
create view rolled_up as select team_id, born, count(*) from person group by rollup (team_id, born);
create view cubed as select team_id, born, count(*) from person group by distinct cube (team_id, born), rollup (team_id);
create view grouped_by_key as select p.id, p.name, p.born, count(t.id) from person p left join team t on t.id = p.team_id group by p.id;
create view windowed as select id, row_number() over w as n, lag(score, 1, 0.0) over w as before, sum(score) over (w rows between 1 preceding and current row exclude ties) as s
    from person window w as (partition by team_id order by at, id);
create view ranges_window as select id, avg(score) over (order by at range between interval '1 day' preceding and interval '2 hours' following) as a from person;
create view groups_window as select id, max(score) over (order by born groups between unbounded preceding and 1 following) from person;
create view ordered_set as select percentile_cont(0.5) within group (order by score) as median, mode() within group (order by name) from person;
create view aggregates as select string_agg(name, ', ' order by name desc) as names, array_agg(distinct team_id) as teams, jsonb_object_agg(id, doc) as docs from person;
create view cases as select case when score > 10 then 'high' when score is null then null else 'low' end as level, case team_id when 1 then 'one' else 'other' end as team from person;
create view subqueries as select id, (select max(t.id) from team t where t.id < p.id) as below, exists (select from team where team.id = p.id) as is_team,
    team_id = any (select id from team) as known, team_id not in (select parent from team where parent is not null) as leaf from person p;
create view arrays as select array[1, 2, 3] as a, tags[1] as first, tags[1:2] as two, array(select id from team) as ids, array[[1, 2], [3, 4]] as m, tags && array['x'] as o from person;
create view rows_and_composites as select row(id, name) = row(1, 'a') as r, (p).name as n, p as whole, (p).* from person p;
create view casts as select id::text as a, cast(score as integer) as b, '2024-01-01'::date as c, '1 day 02:00'::interval as d, score::numeric(4, 1) as e, name::varchar(3) as f, '{1,2}'::int[] as g from person;
create view operators as select id operator(pg_catalog.+) 1 as a, -score as b, not (score > 1) as c, name || '!' as d, doc -> 'a' ->> 'b' as e, doc @> '{"a":1}' as f, at at time zone 'Asia/Seoul' as g from person;
create view nulls as select coalesce(name, 'x') as a, nullif(name, '') as b, greatest(id, team_id) as c, score is distinct from 1 as d, (score > 1) is not true as e, doc is null as f from person;
create view row_comparison as select id from person where (team_id, id) > (1, 2) and row(team_id, id) is not null;
create view specials as select current_date as d, localtimestamp(3) as t, current_user as u, session_user as s, current_catalog as c, extract(epoch from at) as e, overlay(name placing 'x' from 1 for 2) as o,
    position('a' in name) as p, substring(name from 2 for 3) as sub, trim(both ' ' from name) as tr, normalize(name, nfc) as n, (at, at) overlaps (at, interval '1 day') as ov from person;
create view literals as select E'back\\slash\nline' as a, U&'\0441\043B' as b, 'quote''s' as c, $$dollar $1$$ as d, b'101' as e, x'ff' as f, 1e10 as g, .5 as h, null::text as i, true as j, '한글 😀' as k, 'infinity'::timestamptz as l, 'NaN'::float8 as m;
create view xml_view as select xmlelement(name "row", xmlattributes(id as "n"), xmlforest(name)) as x, xmlconcat(null::xml) as c from person;
create view xml_rows as select t.* from xmltable('/r/v' passing (xmlparse(document '<r><v a="1">x</v></r>')) columns n for ordinality, a int path '@a', v text path '.' default 'none' not null) t;
create view json_functions as select jsonb_path_query_array(doc, '$.a[*] ? (@ > 1)') as p, row_to_json(p) as r, to_jsonb(p.*) - 'id' as j from person p;
create view named_arguments as select make_interval(days => 3, hours => 2) as i, format('%s', variadic array['x']) as f;
create view srf_in_select as select id, generate_series(1, 2) as g, unnest(tags) as tag from person;
create view grouped_expressions as select date_trunc('month', at) as month, count(*) as n from person group by date_trunc('month', at), (score > 1) order by 1;
create view collations as select name collate "C" as n, (name || 'x') collate "POSIX" as m from person order by name collate "C";
create view whole_row_nested as select (select (q).name from (select id, name from person limit 1) q) as q, array_agg(p) as people from person p;
create view same_name_alias as select person.id from team as person join person as team on team.id = person.id;
create view deep_nesting as select a from (select a from (select a from (select id as a from person) x where a > 0) y limit 10) z where a < 100;
create view values_join as select v.k, p.name from (values (1, 'x'), (2, 'y')) v (k, l) left join person p on p.id = v.k;
create view update_lock_free as select id from person where ctid is not null and tableoid = 'queries.person'::regclass;
create view bools as select bool_and(score > 0) as a, every(score > 1) as b, count(*) filter (where name ilike '%a%' escape '!') as c, name similar to 'a|b' as d, name ~* 'x' as e from person group by name;
create view hypothetical as select rank(5.0) within group (order by score) as r from person;
create view empty_columns as select from person;
create view sequences as select last_value from pg_sequences where schemaname = 'queries';
create view catalog_view as select relname, pg_get_userbyid(relowner) as owner from pg_class where relkind = 'v';
