-- What the intake's login may do: add submissions and their ledger rows. It changes and deletes nothing of them.
grant temporary on database {database} to {role};
grant usage on schema raw, ops to {role};
grant select, insert on {tables} to {role};
grant select, insert on ops.import_batch, ops.schema_change to {role};
grant usage on sequence ops.import_batch_batch_id_seq to {role};
-- Whether a column is there and of which type is kept up to date.
grant select, insert, update on ops.observed_column to {role};
