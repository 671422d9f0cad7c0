-- Deploy exams:attempt_v1 to pg
begin;
drop view public.weekly_kpi;
drop view public.attempt;
create view public.attempt as select id::bigint as id, student_id, score from public.exam_results;
create view public.weekly_kpi as select student_id, avg(score) as score from public.attempt group by student_id;
grant select on public.attempt, public.weekly_kpi to public;
commit;
