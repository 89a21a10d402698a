-- +goose Up
-- "insert or replace" takes a row away without the delete trigger; a new entry
-- that must have the next number cannot replace one, nor leave a gap.
-- +goose StatementBegin
create trigger access_log_only_at_the_end before insert on access_log
when new.seq is not (select coalesce(max(seq), 0) + 1 from access_log) begin
  select raise(abort, 'the access record is append-only');
end;
-- +goose StatementEnd
