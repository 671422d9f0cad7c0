-- Revert exams:exam_results from pg
begin;
drop view public.weekly_kpi;
drop view public.attempt;
drop table public.exam_results;
commit;
