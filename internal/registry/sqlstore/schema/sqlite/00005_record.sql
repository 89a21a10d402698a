-- +goose Up
-- What the record is searched by is read from its entries themselves, so that it
-- cannot differ from them. An entry that somebody has spoilt has none of it.
alter table access_log add column actor text generated always as (iif(json_valid(cast(body as text)), json_extract(cast(body as text), '$.actor'), null)) virtual;
alter table access_log add column at text generated always as (iif(json_valid(cast(body as text)), json_extract(cast(body as text), '$.at'), null)) virtual;
alter table access_log add column outcome text generated always as (iif(json_valid(cast(body as text)), json_extract(cast(body as text), '$.outcome'), null)) virtual;
alter table access_log add column kind text generated always as (iif(json_valid(cast(body as text)), json_extract(cast(body as text), '$.kind'), null)) virtual;
create index access_log_actor on access_log(actor);
create index access_log_at on access_log(at);
create index access_log_outcome on access_log(outcome, kind);
create index access_log_kind on access_log(kind);
create table checkpoint (
  entries integer primary key,
  at_ms integer not null,
  note blob not null,
  state blob not null
) strict;
-- +goose StatementBegin
create trigger checkpoint_no_update before update on checkpoint begin
  select raise(abort, 'checkpoints are append-only');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger checkpoint_no_delete before delete on checkpoint begin
  select raise(abort, 'checkpoints are append-only');
end;
-- +goose StatementEnd
