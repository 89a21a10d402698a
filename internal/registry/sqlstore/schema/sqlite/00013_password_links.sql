-- +goose Up
-- By a link its holder chooses the password of one account, once. An account has
-- one link at a time; of what is in it only the hash is kept.
create table password_link (
  person integer primary key references person(id),
  hash blob not null unique,
  first integer not null,
  made_ms integer not null,
  until_ms integer not null,
  used_ms integer not null
) strict;
