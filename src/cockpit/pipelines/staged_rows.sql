-- Grain: one row per entity of a source.
select
    entry.entity,
    sum(entry.staged) as staged,
    sum(entry.quarantined) as quarantined
from ops.import_ledger as entry
where entry.source = %s
group by entry.entity
