-- Verify exams:exam_results on pg
select id, student_id, score from public.attempt where false;
