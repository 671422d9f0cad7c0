alter table exam_results drop column percentile;
