-- Grain: the batch's source and entity. Knowing them, the ledger reads one staging table instead of all.
select
    batch.source,
    batch.entity
from ops.import_batch as batch
where batch.batch_id = %(batch_id)s
