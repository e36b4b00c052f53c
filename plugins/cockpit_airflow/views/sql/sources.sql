-- Grain: one row per source that has a batch.
select
    entry.source,
    max(entry.finished_at) as loaded_at,
    count(*) as batches,
    sum(entry.received) as received,
    sum(entry.loaded) as loaded,
    sum(entry.unchanged) as unchanged,
    sum(entry.superseded) as superseded,
    sum(entry.rejected) as rejected,
    sum(entry.deleted) as deleted,
    sum(entry.staged) as staged,
    sum(entry.quarantined) as quarantined,
    count(*) filter (where not entry.is_balanced) as unbalanced,
    count(*) filter (where entry.is_recent) as recent_batches,
    coalesce(sum(entry.received) filter (where entry.is_recent), 0) as recent_received,
    coalesce(sum(entry.loaded) filter (where entry.is_recent), 0) as recent_loaded,
    coalesce(sum(entry.unchanged) filter (where entry.is_recent), 0) as recent_unchanged,
    coalesce(sum(entry.superseded) filter (where entry.is_recent), 0) as recent_superseded,
    coalesce(sum(entry.rejected) filter (where entry.is_recent), 0) as recent_rejected,
    coalesce(sum(entry.deleted) filter (where entry.is_recent), 0) as recent_deleted,
    coalesce(sum(entry.staged) filter (where entry.is_recent), 0) as recent_staged,
    coalesce(sum(entry.quarantined) filter (where entry.is_recent), 0) as recent_quarantined,
    count(*) filter (where entry.is_recent and not entry.is_balanced) as recent_unbalanced
from (
    select
        ledger.*,
        ledger.finished_at > statement_timestamp() - interval '24 hours' as is_recent
    from ops.import_ledger as ledger
) as entry
group by entry.source
