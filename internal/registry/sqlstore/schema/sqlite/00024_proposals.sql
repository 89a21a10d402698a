-- Changes that widen what somebody may see wait for a second person.
-- +goose Up
create table proposal (
  id          integer primary key,
  kind        text    not null,
  agreement   text    not null,
  account     text    not null,
  body        blob    not null,
  says        text    not null,
  proposed_by text    not null,
  at_ms       integer not null,
  state       text    not null,
  decided_by  text    not null default '',
  decided_ms  integer not null default 0,
  why         text    not null default ''
) strict;
create index proposal_state on proposal(state);
-- +goose Down
drop table proposal;
