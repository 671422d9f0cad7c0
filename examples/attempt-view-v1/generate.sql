-- Fills exam_results: the same rows every time, 10 answered questions each. Running it again adds what is missing.
-- How many results: PGOPTIONS='-c seedtest.results=20000' psql ... -f generate.sql, or SET seedtest.results first.
insert into public.exam_results (
    id, session_id, user_id, exam_id, status, result_json, score_raw, score_scaled, standard_error, percentile,
    created_at, updated_at
)
select
    md5('result ' || n)::uuid,
    'session-' || n,
    -- A third of the students has a UUID, some are unknown, the others have a name.
    case
        when n % 1000 = 7 then null
        when student % 3 = 0 then md5('student ' || student)::uuid::text
        else 'student-' || student
    end,
    1 + n % 12,
    'completed',
    jsonb_build_object('questions', answers.questions),
    answers.right_answers,
    round(answers.right_answers * 10.0, 1),
    round(0.2 + (n % 7) / 10.0, 2),
    n % 100,
    finished_at - interval '5 minutes',
    case when n % 50 <> 0 then finished_at end
from (
    select
        n,
        1 + n / 20 * 7 % 5000 + n % 5 as student,
        timestamptz '2025-11-01 00:00:00+00' - n * interval '5 minutes' as finished_at
    from generate_series(1, coalesce(nullif(current_setting('seedtest.results', true), ''), '20000')::integer) as n
) as result
cross join lateral (
    select
        jsonb_agg(
            jsonb_build_object(
                'question_id', 1000 + (n * 7 + k * 13) % 200,
                case when n % 4 = 0 then 'correct' else 'is_correct' end, (n * 31 + k * 17) % 10 < 7,
                'used_hints', case when (n + k) % 6 = 0 then 1 + k % 2 else 0 end,
                'topic', case when (n + k) % 40 = 0 then '' else 'topic-' || (n * 7 + k * 13) % 8 end
            )
            || case
                when (n * k) % 97 = 5 then '{}'::jsonb
                else jsonb_build_object('time_spent_sec', round(3 + ((n * 37 + k * 101) % 9000) / 100.0, 2))
            end
            order by k
        ) as questions,
        count(*) filter (where (n * 31 + k * 17) % 10 < 7) as right_answers
    from generate_series(1, 10) as k
) as answers
on conflict (id) do nothing;

analyze public.exam_results;
refresh materialized view public.attempt_mv;
