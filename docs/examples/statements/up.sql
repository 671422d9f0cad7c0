create index concurrently if not exists exam_results_by_exam on exam_results (exam_id);
create unique index concurrently exam_results_by_day on exam_results (student_id, exam_id, taken_on);
alter type result_state add value if not exists 'withdrawn';
analyze exam_results;
