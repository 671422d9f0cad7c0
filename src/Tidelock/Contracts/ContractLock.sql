create schema if not exists tidelock;
drop event trigger if exists {name}_start;
drop event trigger if exists {name}_end;
drop function if exists tidelock.{name}();
create function tidelock.{name}() returns event_trigger language plpgsql set search_path = pg_catalog as {body};
comment on function tidelock.{name}() is {columns};
create event trigger {name}_start on ddl_command_start execute function tidelock.{name}();
create event trigger {name}_end on ddl_command_end execute function tidelock.{name}();
comment on event trigger {name}_start is {comment};
comment on event trigger {name}_end is {comment}
