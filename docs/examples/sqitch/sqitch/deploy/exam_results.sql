-- Deploy exams:exam_results to pg
begin;
create table public.exam_results (id int primary key, student_id int not null, score numeric);
create view public.attempt as select id, student_id, score from public.exam_results;
create view public.weekly_kpi as select student_id, avg(score) as score from public.attempt group by student_id;
grant select on public.attempt, public.weekly_kpi to public;
commit;
