alter table exam_results add column percentile int;
