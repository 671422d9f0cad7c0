-- Since PostgreSQL 15: views that run as who reads them.
create schema attached15;
set search_path = attached15;
create table t (id int primary key, a varchar(10));
create view invoker with (security_invoker = true, security_barrier = true) as select id, a from t;
create view invoker_off with (security_invoker = false) as select id from invoker;
