-- Grain: one row per (source, entity).
select
    entry.source,
    entry.entity,
    count(*) as batches,
    sum(entry.received) as received,
    sum(entry.loaded) as loaded,
    sum(entry.unchanged) as unchanged,
    sum(entry.superseded) as superseded,
    sum(entry.rejected) as rejected,
    sum(entry.staged) as staged,
    sum(entry.quarantined) as quarantined,
    sum(entry.replaced) as replaced,
    sum(entry.removed) as removed,
    sum(entry.deleted) as deleted,
    bool_and(entry.is_balanced) as is_balanced
from ops.import_ledger as entry
group by entry.source, entry.entity
order by entry.source, entry.entity
