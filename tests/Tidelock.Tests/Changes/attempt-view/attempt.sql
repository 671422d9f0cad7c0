-- The V1 shape.
select 1::bigint as id, gen_random_uuid() as student_id, now() as completed_at, 's'::varchar(20) as session_id;
