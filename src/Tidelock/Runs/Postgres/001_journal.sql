create schema if not exists tidelock;

create table tidelock.events (
    stream        text    not null,
    sequence      bigint  not null,
    event_id      text    not null unique,
    kind          text    not null,
    payload       text    not null,
    previous_hash text    not null,
    hash          text    not null,
    primary key (stream, sequence)
);

create table tidelock.epochs (
    run   text   not null primary key,
    epoch bigint not null
);

create table tidelock.inbox (
    number   bigint generated always as identity primary key,
    id       text        not null unique,
    run      text        not null,
    verb     text        not null,
    argument text        not null,
    sender   text        not null,
    sent_at  timestamptz not null
);
