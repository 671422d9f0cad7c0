drop event trigger if exists {name}_start;
drop event trigger if exists {name}_end;
drop function if exists tidelock.{name}();
do $$
begin
    -- Other locks, and whatever somebody else put there, keep the schema.
    drop schema if exists tidelock;
exception when dependent_objects_still_exist then
    null;
end $$
