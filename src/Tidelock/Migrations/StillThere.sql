select exists (select from pg_stat_activity where pid = $1 and backend_start = $2 and xact_start = $3)
  and exists (select from pg_locks where pid = $1 and granted
    and case when $4 = '' then locktype in ('transactionid', 'virtualxid') else relation = to_regclass($4) end)
