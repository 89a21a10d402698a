-- Questions that people send by the contact form.
-- +goose Up
create table message (
  id          integer primary key autoincrement,
  key         blob    unique, -- of those that are not answered
  name        text    not null,
  email       text    not null,
  text        text    not null,
  sent_ms     integer not null,
  answered_ms integer not null default 0,
  answered_by text    not null default ''
) strict;
-- +goose Down
drop table message;
