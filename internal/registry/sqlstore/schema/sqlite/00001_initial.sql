-- +goose Up
create table agreement (
  ref text primary key,
  title text not null,
  from_ms integer not null,
  until_ms integer not null,
  years text not null,
  fields text not null,
  provider text not null,
  specialties text not null
) strict;
create table person (
  id integer primary key,
  name text not null unique,
  display text not null,
  role text not null,
  agreement text references agreement(ref),
  disabled integer not null default 0,
  demo integer not null default 0,
  hash text not null,
  columns text not null default ''
) strict;
create table session (
  token_hash blob primary key,
  person integer not null references person(id),
  created_ms integer not null,
  seen_ms integer not null,
  address text not null
) strict;
create table failure (key text not null, at_ms integer not null) strict;
create index failure_key on failure(key, at_ms);
create table setting (name text primary key, value blob not null) strict;
create table access_log (
  seq integer primary key,
  body blob not null,
  hash text not null
) strict;
-- +goose StatementBegin
create trigger access_log_no_update before update on access_log begin
  select raise(abort, 'the access record is append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger access_log_no_delete before delete on access_log begin
  select raise(abort, 'the access record is append-only');
end;
-- +goose StatementEnd
