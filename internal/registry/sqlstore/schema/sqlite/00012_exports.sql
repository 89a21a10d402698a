-- Files that people ask for to take away.
-- +goose Up
create table export (
  id         integer primary key,
  person     integer not null references person(id),
  agreement  text    not null references agreement(ref),
  view       text    not null,
  words      text    not null,
  unit       text    not null,
  format     text    not null,
  reason     text    not null,
  asked_ms   integer not null,
  state      text    not null,
  why        text    not null default '',
  release    text    not null default '',
  columns    text    not null default '',
  lines      integer not null default 0,
  bytes      integer not null default 0,
  sha256     text    not null default '',
  made_ms    integer not null default 0,
  decided_ms integer not null default 0,
  decided_by text    not null default '',
  until_ms   integer not null default 0,
  fetched    integer not null default 0
) strict;
create index export_state on export(state);
create index export_person on export(person);
-- +goose Down
drop table export;
