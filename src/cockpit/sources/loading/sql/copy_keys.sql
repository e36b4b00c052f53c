-- Grain: one row per row of the source table that has a key.
copy (
    select key
    from (
        select {key} as key
        from {table} as record
    ) as received
    where key is not null
) to stdout with (format binary);
