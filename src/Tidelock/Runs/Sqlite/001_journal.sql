create table events (
    stream        text    not null,
    sequence      integer not null,
    event_id      text    not null unique,
    kind          text    not null,
    payload       text    not null,
    previous_hash text    not null,
    hash          text    not null,
    primary key (stream, sequence)
) without rowid;

create table epochs (
    run   text    not null primary key,
    epoch integer not null
) without rowid;

create table inbox (
    number   integer not null primary key autoincrement,
    id       text    not null unique,
    run      text    not null,
    verb     text    not null,
    argument text    not null,
    sender   text    not null,
    sent_at  text    not null
);
