declare
    relation oid;
    before oid;
    holds boolean;
    columns text;
    replaced boolean := false;
    broken boolean := false;
begin
    if current_setting('application_name') like 'tidelock/%' then
        return;
    end if;

    begin
        relation := (
            select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = {schema} and c.relname = {relation}
        );
        select count(*) filter (where is_other) = 0, string_agg(attname || ' ' || type, ', ' order by place)
        into holds, columns
        from (
            select a.place, a.attname, a.type, (a.attname, a.type) is distinct from (w.name, w.type)
                or w.required and not a.attnotnull as is_other
            from (
                select row_number() over (order by attnum) as place, attname::text, attnotnull,
                    format_type(atttypid, atttypmod) as type
                from pg_attribute
                where attrelid = relation and attnum > 0 and not attisdropped
            ) a
            full join (values {columns}) w (place, name, type, required) using (place)
        ) compared;
        if tg_event = 'ddl_command_start' then
            perform set_config('tidelock.{name}', case when holds then relation::text else '' end, true);
            return;
        end if;

        before := nullif(current_setting('tidelock.{name}', true), '')::oid;
        if before is null then
            return;
        end if;

        if {guards_definition} then
            replaced := exists (
                select from pg_event_trigger_ddl_commands()
                where classid = 'pg_class'::regclass and objid = relation and command_tag = 'CREATE VIEW'
            );
        end if;

        -- Somebody else may have changed it while a long command ran: who did it holds its lock, or renamed what it is named by.
        broken := not holds and (
            tg_tag in ('ALTER SCHEMA', 'ALTER TYPE', 'ALTER DOMAIN', 'ALTER EXTENSION')
            or exists (
                select from pg_locks
                where pid = pg_backend_pid() and locktype = 'relation' and pg_locks.relation = before
                    and mode = 'AccessExclusiveLock' and granted
                    and database = (select oid from pg_database where datname = current_database())
            )
        );
    exception when others then
        raise warning '%: % (%)', {unchecked}, sqlerrm, sqlstate;
        return;
    end;

    if broken or replaced then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = case when holds then {replaced} else {broken} end,
            detail = format({now}, coalesce(columns, {missing})),
            hint = {hint};
    end if;
end
