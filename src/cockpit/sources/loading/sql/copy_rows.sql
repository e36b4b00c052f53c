-- Grain: one row per row of the source table, as it leaves the source.
-- The row's JSON is made once, as text: building jsonb here would take twice the time. In front of it stands the byte
-- by which binary jsonb begins, so that the reader takes it as that. Without a limit it is null; offset 0 keeps the
-- payload from being computed twice, once for the hash.
copy (
    select
        key,
        decode('01', 'hex') || payload as payload,
        sha256(payload) as hash,
        {label} as label,
        position,
        case when key is null then {no_key} end as reason,
        case when key is null then convert_from(payload, 'UTF8') end as raw_text
    from (
        select
            {key} as key,
            convert_to(cast(row_to_json(record) as text), 'UTF8') as payload,
            {position} as position
        from {table} as record
        {condition}
        limit {limit}
        offset 0
    ) as received
) to stdout with (format binary);
