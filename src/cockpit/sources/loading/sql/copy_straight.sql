-- Grain: one row per row of the source table, in the columns of the raw table itself; see copy_rows.sql for the payload.
copy (
    select
        key,
        decode('01', 'hex') || payload as payload,
        sha256(payload) as hash,
        cast({batch_id} as bigint) as batch_id
    from (
        select
            {key} as key,
            convert_to(cast(row_to_json(record) as text), 'UTF8') as payload
        from {table} as record
        offset 0
    ) as received
) to stdout with (format binary);
