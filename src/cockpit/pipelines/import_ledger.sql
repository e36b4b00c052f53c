-- Grain: one row per import batch. Where are its rows now?
-- The place in braces is filled with one select per staging table of the workspace's sources.
drop view if exists ops.import_ledger;

create view ops.import_ledger as
with now_in_staging as (
    {staged_batches}
),

replaced_since as (
    select
        replacement.batch_id,
        sum(replacement.row_count) filter (where not replacement.is_deletion) as replaced,
        sum(replacement.row_count) filter (where replacement.is_deletion) as removed
    from ops.batch_replacement as replacement
    group by replacement.batch_id
)

select
    batch.batch_id,
    batch.run_id,
    batch.source,
    batch.entity,
    batch.label,
    batch.received,
    batch.loaded,
    batch.unchanged,
    batch.superseded,
    batch.rejected,
    batch.deleted,
    coalesce(now_in_staging.staged, 0) as staged,
    coalesce(now_in_staging.quarantined, 0) as quarantined,
    -- Replaced by a later batch, and gone from the source since.
    coalesce(replaced_since.replaced, 0) as replaced,
    coalesce(replaced_since.removed, 0) as removed,
    batch.received = batch.loaded + batch.unchanged + batch.superseded + batch.rejected
    and batch.loaded
    = coalesce(now_in_staging.staged, 0) + coalesce(now_in_staging.quarantined, 0)
    + coalesce(replaced_since.replaced, 0) + coalesce(replaced_since.removed, 0)
        as is_balanced,
    batch.bytes,
    batch.seconds,
    batch.cursor_from,
    batch.cursor_to,
    batch.content_hash,
    batch.schema_hash,
    batch.started_at,
    batch.finished_at
from ops.import_batch as batch
left join now_in_staging
    on
        batch.batch_id = now_in_staging.batch_id
        and batch.source = now_in_staging.source
        and batch.entity = now_in_staging.entity
left join replaced_since on batch.batch_id = replaced_since.batch_id
