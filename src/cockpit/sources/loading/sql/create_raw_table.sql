-- Grain: one row per key of the source entity, in its latest version, as received.
-- Its key is declared at the end of its first load (index_raw_table.sql), in half the time that keeping an index of
-- each row takes. Keys compare bytewise: faster, and the same on every server.
create table {table} (
    key text collate "C" not null,
    payload jsonb not null,
    hash bytea not null,
    batch_id bigint not null,
    loaded_at timestamptz not null default now(),
    deleted_at timestamptz
);
