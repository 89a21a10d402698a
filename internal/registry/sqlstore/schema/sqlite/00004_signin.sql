-- +goose Up
-- Second factors, ways to sign in that another service vouches for, and what a
-- person is told about their own account.
alter table session add column proved_ms integer not null default 0;
update session set proved_ms = created_ms;
create index session_person on session(person);
create table app (
  person integer primary key references person(id),
  secret blob not null,
  added_ms integer not null,
  last_step integer not null
) strict;
create table recovery (
  person integer not null references person(id),
  hash blob not null,
  primary key (person, hash)
) strict;
create table passkey (
  id blob primary key,
  person integer not null references person(id),
  name text not null,
  credential blob not null,
  added_ms integer not null,
  used_ms integer not null
) strict;
create index passkey_person on passkey(person);
create table handle (
  person integer primary key references person(id),
  handle blob not null unique
) strict;
create table pending (
  id blob primary key,
  kind text not null,
  person integer not null,
  body blob not null,
  until_ms integer not null
) strict;
create index pending_until on pending(until_ms);
create table link (
  issuer text not null,
  subject text not null,
  person integer not null references person(id),
  added_ms integer not null,
  primary key (issuer, subject)
) strict;
create table notice (
  id integer primary key,
  person integer not null references person(id),
  at_ms integer not null,
  what text not null
) strict;
create index notice_person on notice(person, at_ms);
