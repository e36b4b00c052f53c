-- Rows of raw whose key the source no longer has, and all rows that are not deleted.
select
    count(*) filter (where not exists (select from present where present.key = held.key)) as missing,
    count(*) as held
from {table} as held
where held.deleted_at is null;
