-- Who waits for the backends of a dump, the longest wait first, and for whom these wait themselves.
-- $1 is the backend that counts, $2 the application name of those of pg_dump. A dump holds ACCESS SHARE, which only ACCESS EXCLUSIVE conflicts with.
-- The start of a wait may be missing for a moment.
with ours as (
  select pid from pg_stat_activity where datname = current_database() and (pid = $1 or application_name = $2)
)
select l.pid, coalesce(l.relation::regclass::text, l.locktype),
       coalesce(extract(epoch from clock_timestamp() - l.waitstart), 0)::float8, o.pid is not null, b.pids
from pg_locks l
  left join ours o on o.pid = l.pid
  cross join lateral (select pg_blocking_pids(l.pid) as pids) b
where not l.granted and l.locktype = 'relation'
  and l.database = (select oid from pg_database where datname = current_database())
  and (o.pid is not null or l.mode = 'AccessExclusiveLock' and b.pids && (select array_agg(pid) from ours))
order by 3 desc
