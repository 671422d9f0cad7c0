-- PostgreSQL cannot take a value out of an enum: it stays, unused.
drop index concurrently if exists exam_results_by_day;
drop index concurrently if exists exam_results_by_exam;
