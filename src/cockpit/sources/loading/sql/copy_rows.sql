-- Grain: one row per row of the source table, as it leaves the source.
-- Without a limit it is null; offset 0 keeps the payload from being computed twice, once for the hash.
copy (
    select
        key,
        payload,
        sha256(convert_to(cast(payload as text), 'UTF8')) as hash,
        {label} as label,
        position,
        case when key is null then {no_key} end as reason,
        case when key is null then cast(payload as text) end as raw_text
    from (
        select
            {key} as key,
            to_jsonb(record) as payload,
            {position} as position
        from {table} as record
        {condition}
        limit {limit}
        offset 0
    ) as received
) to stdout with (format binary);
