-- The new shape.
create or replace view attempt as select 1::bigint as id;
