-- Grain: one row per import batch. Where are its rows now (ARCHITECTURE, words with one meaning)?
drop view if exists ops.import_ledger;

create view ops.import_ledger as
with replaced_since as (
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
    coalesce(staged_batch.staged, 0) as staged,
    coalesce(staged_batch.quarantined, 0) as quarantined,
    -- Replaced by a later batch, and gone from the source since.
    coalesce(replaced_since.replaced, 0) as replaced,
    coalesce(replaced_since.removed, 0) as removed,
    batch.received = batch.loaded + batch.unchanged + batch.superseded + batch.rejected
    and batch.loaded
    = coalesce(staged_batch.staged, 0) + coalesce(staged_batch.quarantined, 0)
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
left join ops.staged_batch as staged_batch
    on
        batch.batch_id = staged_batch.batch_id
        and 'stg_' || batch.source || '__' || batch.entity = staged_batch.staging_table
left join replaced_since on batch.batch_id = replaced_since.batch_id
