select id, student_id, topic_id from exam_results
