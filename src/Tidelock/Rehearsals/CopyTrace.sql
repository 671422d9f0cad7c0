create schema tidelock_trace;
create view tidelock_trace.present as
    select c.oid, n.nspname::text as schema, c.relname::text as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'tidelock_trace');
create table tidelock_trace.relations as select * from tidelock_trace.present;
create table tidelock_trace.statements (
    -- A publication for all tables would refuse the updates of a table without a key.
    n bigint generated always as identity primary key,
    xid xid8 not null default pg_current_xact_id(),
    command text not null,
    objects text[] not null,
    sql text not null default current_query(),
    taken text[],
    modes text[],
    locked oid[]
);
create function tidelock_trace.dropped() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into tidelock_trace.statements (command, objects, taken)
    select tg_tag,
        coalesce(array_agg(object_identity) filter (where original), '{}'),
        coalesce(array_agg(object_type || ' ' || object_identity)
            filter (where normal and not original and object_identity not like '"\_RETURN" on %'), '{}')
    from pg_event_trigger_dropped_objects()
    where not is_temporary;
end $$;
create function tidelock_trace.done() returns event_trigger language plpgsql security definer set search_path = pg_catalog as $$
declare
    last bigint := (select max(n) from tidelock_trace.statements where locked is null and xid = pg_current_xact_id());
begin
    if last is null then
        insert into tidelock_trace.statements (command, objects)
        select tg_tag, coalesce(array_agg(distinct object_identity) filter (where object_identity is not null), '{}')
        from pg_event_trigger_ddl_commands()
        returning n into last;
    end if;

    update tidelock_trace.statements
    set (modes, locked) = (
        select coalesce(array_agg(mode), '{}'), coalesce(array_agg(relation), '{}')
        from (
            select l.mode, l.relation
            from pg_locks l join tidelock_trace.relations r on r.oid = l.relation
            where l.pid = pg_backend_pid() and l.granted and l.locktype = 'relation' and l.mode <> 'AccessShareLock'
                and l.database = (select oid from pg_database where datname = current_database())
            except
            select m, o from tidelock_trace.statements s, unnest(s.modes, s.locked) u (m, o)
            where s.xid = pg_current_xact_id()
        ) added
    )
    where n = last;
end $$;
create event trigger tidelock_trace_dropped on sql_drop execute function tidelock_trace.dropped();
create event trigger tidelock_trace_done on ddl_command_end execute function tidelock_trace.done()
