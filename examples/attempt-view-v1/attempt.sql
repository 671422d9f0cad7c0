-- The attempt view, V1 (locked): one row per answered question of exam_results.result_json.
-- Nothing in result_json may break a reader: what is not a number, not a boolean or not a UUID counts as absent.
-- No column is renamed, retyped, reordered or dropped, and neither the hash nor the numbering changes, without a V2.
select
    ('x' || left(md5(answer.result_id::text || '-' || answer.item_id::text), 16))::bit(64)::bigint as id,
    answer.student_id,
    answer.item_id,
    answer.correct,
    round(answer.seconds * 1000)::integer as response_time_ms,
    answer.hint_used,
    answer.completed_at,
    answer.completed_at - answer.seconds * interval '1 second' as started_at,
    row_number() over (
        partition by answer.student_id, answer.item_id
        order by answer.completed_at, answer.result_id, answer.position
    )::integer as attempt_no,
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
            else md5(coalesce(result.user_id, ''))::uuid
        end as student_id,
        case
            when question.body ->> 'question_id' ~ '^-?[0-9]{1,18}$'
                then (question.body ->> 'question_id')::bigint
            when question.body ->> 'question_id' ~ '^-?[0-9]{19}$'
                then case
                    when (question.body ->> 'question_id')::numeric
                        between -9223372036854775808 and 9223372036854775807
                        then (question.body ->> 'question_id')::bigint
                end
        end as item_id,
        coalesce(
            case lower(question.body ->> 'is_correct') when 'true' then true when 'false' then false end,
            case lower(question.body ->> 'correct') when 'true' then true when 'false' then false end,
            false
        ) as correct,
        -- Times that an integer of milliseconds cannot hold (24 days) are not times.
        case
            when question.body ->> 'time_spent_sec' ~ '^[0-9]{1,7}([.][0-9]{1,100})?$'
                then case
                    when (question.body ->> 'time_spent_sec')::numeric <= 2147483
                        then (question.body ->> 'time_spent_sec')::numeric
                    else 0
                end
            else 0
        end as seconds,
        case
            when question.body ->> 'used_hints' ~ '^[0-9]{1,18}([.][0-9]{1,100})?$'
                then (question.body ->> 'used_hints')::numeric > 0
            else false
        end as hint_used,
        coalesce(result.updated_at, result.created_at) as completed_at,
        nullif(question.body ->> 'topic', '') as topic_id
    from public.exam_results as result
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof(result.result_json -> 'questions') = 'array' then result.result_json -> 'questions' end
    ) with ordinality as question (body, position)
) as answer
where answer.item_id is not null
