-- What was there before: the exam results, and the older attempt view.
create table public.exam_results (
    id uuid primary key,
    session_id text unique,
    user_id text null,
    exam_id int null,
    status text not null default 'completed',
    result_json jsonb not null default '{}',
    score_raw numeric,
    score_scaled numeric,
    standard_error numeric,
    percentile int,
    created_at timestamptz not null default now(),
    updated_at timestamptz
);

create view public.attempt as
select
    ('x' || left(md5(answer.session_id || ':' || answer.item_id::text), 15))::bit(60)::bigint as id,
    answer.student_id,
    answer.item_id,
    answer.correct,
    round(answer.seconds * 1000)::integer as response_time_ms,
    answer.hint_used,
    row_number() over (
        partition by answer.student_id, answer.item_id
        order by answer.completed_at, answer.result_id, answer.position
    ) as attempt_no,
    answer.completed_at,
    answer.completed_at - answer.seconds * interval '1 second' as started_at,
    answer.session_id,
    answer.topic_id
from (
    select
        result.id as result_id,
        result.session_id,
        question.position,
        case
            when result.user_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
                then result.user_id::uuid
            else ('00000000-0000-0000-0000-' || right(md5(coalesce(result.user_id, '')), 12))::uuid
        end as student_id,
        case
            when question.body ->> 'question_id' ~ '^-?[0-9]{1,18}$'
                then (question.body ->> 'question_id')::bigint
        end as item_id,
        coalesce(
            case lower(question.body ->> 'is_correct') when 'true' then true when 'false' then false end,
            case lower(question.body ->> 'correct') when 'true' then true when 'false' then false end,
            false
        ) as correct,
        case
            when question.body ->> 'time_spent_sec' ~ '^[0-9]{1,6}([.][0-9]{1,100})?$'
                then (question.body ->> 'time_spent_sec')::numeric
            else 0
        end as seconds,
        case
            when question.body ->> 'used_hints' ~ '^[0-9]{1,18}$'
                then (question.body ->> 'used_hints')::bigint > 0
            else false
        end as hint_used,
        coalesce(result.updated_at, result.created_at) as completed_at,
        nullif(question.body ->> 'topic', '') as topic_id
    from public.exam_results as result
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof(result.result_json -> 'questions') = 'array' then result.result_json -> 'questions' end
    ) with ordinality as question (body, position)
) as answer
where answer.item_id is not null;
