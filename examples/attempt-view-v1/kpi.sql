-- What the weekly report reads; within: 2x baseline in change.yaml keeps it as fast as it was.
select week, attempts, round(accuracy, 4) as accuracy
from public.weekly_kpi
order by week
