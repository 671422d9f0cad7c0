declare
    holds boolean;
    columns text;
    replaced boolean := false;
    broken boolean;
begin
    if current_setting('application_name') like 'tidelock/%' then
        return;
    end if;

    begin
        select count(*) filter (where is_other) = 0, string_agg(attname || ' ' || type, ', ' order by place)
        into holds, columns
        from (
            select a.place, a.attname, a.type, (a.attname, a.type) is distinct from (w.name, w.type)
                or w.required and not a.attnotnull as is_other
            from (
                select row_number() over (order by attnum) as place, attname::text, attnotnull,
                    format_type(atttypid, atttypmod) as type
                from pg_attribute
                where attrelid = to_regclass({relation}) and attnum > 0 and not attisdropped
            ) a
            full join (values {columns}) w (place, name, type, required) using (place)
        ) compared;
        if tg_event = 'ddl_command_start' then
            perform set_config('tidelock.{name}', case when holds then 'holds' else '' end, true);
            return;
        end if;

        if {guards_definition} then
            replaced := exists (
                select from pg_event_trigger_ddl_commands()
                where classid = 'pg_class'::regclass and objid = to_regclass({relation}) and command_tag = 'CREATE VIEW'
            );
        end if;

        broken := current_setting('tidelock.{name}', true) = 'holds' and (replaced or not holds);
    exception when others then
        raise warning '%: % (%)', {unchecked}, sqlerrm, sqlstate;
        return;
    end;

    if broken then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = case when holds then {replaced} else {broken} end,
            detail = format({now}, coalesce(columns, {missing})),
            hint = {hint};
    end if;
end
