-- Grain: one row per received record or unreadable line of the transaction that is being loaded.
-- position says which of two rows of one key is newer; its type is that of the source's cursor.
create temporary table incoming (
    key text collate "C",
    payload jsonb,
    hash bytea,
    label text not null,
    position {position_type},
    line_number bigint,
    reason text,
    raw_text text
) on commit delete rows;
