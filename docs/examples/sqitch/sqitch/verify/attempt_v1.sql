-- Verify exams:attempt_v1 on pg
select 1 / (pg_typeof(a.id) = 'bigint'::regtype)::int from (select null) x left join public.attempt a on false;
