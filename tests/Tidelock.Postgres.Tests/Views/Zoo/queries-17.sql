-- Since PostgreSQL 17: JSON_TABLE and the SQL/JSON query functions.
create schema queries17;
set search_path = queries17;
create table d (id int primary key, doc jsonb);
create view json_rows as select d.id, j.* from d, json_table(d.doc, '$.items[*]' passing d.id as me
    columns (n for ordinality, name text path '$.name' default 'none' on empty, has boolean exists path '$.x', raw jsonb format json path '$.r' with wrapper,
        nested path '$.parts[*]' as parts columns (part int path '$' error on error))) j;
create view json_queries as select json_value(doc, '$.a' returning int default 0 on error) as v, json_query(doc, '$.b' with conditional wrapper keep quotes) as q, json_exists(doc, '$.c ? (@ > $x)' passing 1 as x) as e from d;
create view json_makers as select json_scalar(id) as s, json_serialize(doc returning text) as t, json('{}') as j from d;
create view on_reader as select name from json_rows where n = 1;
