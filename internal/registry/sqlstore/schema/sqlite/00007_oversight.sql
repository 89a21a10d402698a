-- +goose Up
-- When a person was last seen outlives the session; an agreement may allow
-- exceptions, each for one patient, which are kept to be reviewed.
alter table person add column seen_ms integer not null default 0;
update person set seen_ms = coalesce((select max(seen_ms) from session where session.person = person.id), 0);
-- +goose StatementBegin
create trigger session_begun after insert on session begin
  update person set seen_ms = max(seen_ms, new.seen_ms) where id = new.person;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger session_used after update of seen_ms on session begin
  update person set seen_ms = max(seen_ms, new.seen_ms) where id = new.person;
end;
-- +goose StatementEnd
alter table agreement add column exceptions integer not null default 0;
create table exception (
  id integer primary key,
  person integer not null references person(id),
  agreement text not null references agreement(ref),
  asked_ms integer not null,
  until_ms integer not null,
  patient text not null,
  reason text not null,
  reviewed_ms integer not null,
  reviewed_by text not null
) strict;
create index exception_person on exception(person, asked_ms);
