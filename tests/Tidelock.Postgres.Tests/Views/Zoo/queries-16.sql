-- Since PostgreSQL 16: SQL/JSON constructors and predicates.
create schema queries16;
set search_path = queries16;
create table d (id int primary key, doc jsonb, t text);
create view json_made as select json_object('a': id, 'b' value t absent on null with unique keys returning jsonb) as o, json_array(id, t null on null) as a, json_array(select id from d order by id) as q from d;
create view json_aggregated as select json_objectagg(id: t absent on null) as o, json_arrayagg(t order by id returning jsonb) as a from d;
create view json_predicates as select t is json as a, t is json object with unique keys as b, t is not json scalar as c from d;
create view any_values as select any_value(t) as t from d;
