-- Definitions that PostgreSQL writes differently once they were created again; stable from then on.
create schema drifting;
set search_path = drifting;
create table t (id int primary key, kind varchar(5), state char(3));
create view lists as select id from t where kind in ('a', 'b') and state not in ('x', 'y');
create view over_lists as select l.id, t.kind in ('c', 'd') as is_c from lists l join t using (id);
create function counts(wanted varchar) returns bigint language sql begin atomic select count(*) from lists join t using (id) where kind in ('a', 'b', 'c'); end;
create table guarded (id int, kind varchar(5));
create policy kinds on guarded using (kind in ('a', 'b') and exists (select from lists where lists.id = guarded.id));
create view cases as select case kind when 'a' then 1 when 'b' then 2 end as n, coalesce(kind, 'none') as k from t;
create materialized view filled as select id, kind from t where kind in ('a', 'b');
