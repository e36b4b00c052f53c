-- Grain: one row per batch, newest first; one more than fits on the page tells whether there are older ones.
select
    ledger.batch_id,
    ledger.source,
    ledger.entity,
    ledger.label,
    ledger.run_id,
    ledger.received,
    ledger.loaded,
    ledger.unchanged,
    ledger.superseded,
    ledger.rejected,
    ledger.deleted,
    ledger.staged,
    ledger.quarantined,
    ledger.is_balanced,
    ledger.seconds,
    ledger.finished_at
from ops.import_ledger as ledger
where
    (%(source)s is null or ledger.source = %(source)s)
    and (%(entity)s is null or ledger.entity = %(entity)s)
    and (%(run_id)s is null or ledger.run_id = %(run_id)s)
    and (%(before)s is null or ledger.batch_id < %(before)s)
    and (not %(unbalanced)s or not ledger.is_balanced)
    and (not %(rejected)s or ledger.rejected > 0)
order by ledger.batch_id desc
limit %(limit)s
