-- +goose Up
-- The three lawful uses, with their evidence; who is named on what; one purpose
-- for a session. Agreements of before have no evidence and open nothing until
-- it is added.
alter table agreement add column basis text not null default 'study';
alter table agreement add column organisation text not null default '';
alter table agreement add column subsets text not null default '';
alter table agreement add column consultants text not null default '';
alter table agreement add column look_back integer not null default 0;
alter table agreement add column whole integer not null default 0;
alter table agreement add column exports text not null default '';
alter table agreement add column terms text not null default '';
alter table agreement add column revision integer not null default 1;
alter table agreement add column revoked_ms integer not null default 0;
alter table agreement add column revoked_why text not null default '';
update agreement set basis = 'clinical' where provider != '';
create table proof (
  agreement text not null references agreement(ref),
  kind text not null,
  reference text not null,
  from_ms integer not null,
  until_ms integer not null,
  primary key (agreement, kind)
) strict;
create table member (
  agreement text not null references agreement(ref),
  person integer not null references person(id),
  from_ms integer not null,
  until_ms integer not null,
  trained_ms integer not null,
  registration text not null,
  sponsor text not null,
  attested_ms integer not null,
  primary key (agreement, person)
) strict;
create index member_person on member(person);
insert into member select agreement, id, 0, 0, 0, '', '', 0 from person where agreement is not null;
-- The column stays, because a column that refers to a table cannot be dropped; it
-- is no longer read.
update person set agreement = null;
alter table session add column agreement text not null default '';
alter table session add column terms text not null default '';
alter table session add column factor text not null default 'password';
alter table session add column strong_ms integer not null default 0;
alter table session add column device text not null default '';
create table acceptance (
  person integer not null references person(id),
  agreement text not null references agreement(ref),
  terms text not null,
  at_ms integer not null
) strict;
