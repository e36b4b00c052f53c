-- Rows of raw whose key the source no longer has, and all rows that are not deleted.
-- The condition stands in `where`, which makes it one join: in `filter` it would be asked again for each row.
select
    (
        select count(*)
        from {table} as held
        where held.deleted_at is null and not exists (select from present where present.key = held.key)
    ) as missing,
    (select count(*) from {table} as held where held.deleted_at is null) as held;
