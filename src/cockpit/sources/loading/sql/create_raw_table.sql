-- Grain: one row per key of the source entity, in its latest version, as received.
-- Keys compare bytewise: faster, and the same on every server.
create table {table} (
    key text collate "C" primary key,
    payload jsonb not null,
    hash bytea not null,
    batch_id bigint not null,
    loaded_at timestamptz not null default now(),
    deleted_at timestamptz
);

create index on {table} (batch_id);
