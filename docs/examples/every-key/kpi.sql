select date_trunc('week', completed_at), count(*) from public.attempt group by 1
