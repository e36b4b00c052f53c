insert into ops.import_batch (
    batch_id, run_id, source, entity, label,
    received, loaded, unchanged, superseded, rejected, deleted,
    bytes, seconds, cursor_from, cursor_to, holds_cursor, content_hash, schema_hash, started_at, finished_at
)
values (
    %(batch_id)s, %(run_id)s, %(source)s, %(entity)s, %(label)s,
    %(received)s, %(loaded)s, %(unchanged)s, %(superseded)s, %(rejected)s, %(deleted)s,
    %(bytes)s, %(seconds)s, %(cursor_from)s, %(cursor_to)s, %(holds_cursor)s, %(content_hash)s, %(schema_hash)s,
    clock_timestamp() - %(seconds)s * interval '1 second', clock_timestamp()
);
