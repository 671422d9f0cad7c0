drop event trigger if exists {name}_start;
drop event trigger if exists {name}_end;
do $$
begin
    if to_regproc('tidelock.{name}') is not null then
        drop function tidelock.{name}();
        begin
            -- Other locks, and whatever somebody else put there, keep the schema.
            drop schema tidelock;
        exception when dependent_objects_still_exist then
            null;
        end;
    end if;
end $$
