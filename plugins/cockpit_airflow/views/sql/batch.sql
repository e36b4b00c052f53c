-- Grain: the batch.
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
    ledger.replaced,
    ledger.removed,
    ledger.is_balanced,
    ledger.bytes,
    ledger.seconds,
    ledger.cursor_from,
    ledger.cursor_to,
    ledger.content_hash,
    ledger.schema_hash,
    ledger.started_at,
    ledger.finished_at
from ops.import_ledger as ledger
where ledger.batch_id = %(batch_id)s
