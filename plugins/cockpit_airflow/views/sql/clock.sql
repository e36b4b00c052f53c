-- Grain: one row. The database's clock: the batches were written by it.
select statement_timestamp() as read_at
