begin;
create index concurrently by_name on results (name);
commit;
