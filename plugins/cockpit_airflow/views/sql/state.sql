-- Grain: one row. While it stays the same, so does the ledger: batches are only added, and rows of staging change
-- only in builds. The minute is in it because sources.sql counts the last 24 hours.
select
    (select coalesce(max(batch.batch_id), 0) from ops.import_batch as batch) as newest_batch,
    (select coalesce(max(build.build_id), 0) from ops.model_build as build) as newest_build,
    date_trunc('minute', statement_timestamp()) as minute
