-- The V1 shape.
select ('x' || left(md5(r.id::text), 16))::bit(64)::bigint as id,
       r.updated_at as completed_at,
       nullif(r.result_json ->> 'topic', '') as topic_id
from exam_results r
