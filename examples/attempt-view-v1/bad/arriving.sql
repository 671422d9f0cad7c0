-- What the next day brings: an exam client that writes "abc" for a time, and one that lost its user.
insert into public.exam_results (id, session_id, user_id, status, result_json, created_at)
values
    (
        gen_random_uuid(),
        'arriving-' || gen_random_uuid(),
        'student-1',
        'completed',
        '{"questions": [{"question_id": 1001, "is_correct": true, "time_spent_sec": "abc", "used_hints": null}]}',
        now()
    ),
    (
        gen_random_uuid(),
        'arriving-' || gen_random_uuid(),
        '------------------------------------',
        'completed',
        '{"questions": {"question_id": 1002}}',
        now()
    );
