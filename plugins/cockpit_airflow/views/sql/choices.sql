-- Grain: one row per entity that has a batch.
select distinct
    batch.source,
    batch.entity
from ops.import_batch as batch
order by batch.source, batch.entity
