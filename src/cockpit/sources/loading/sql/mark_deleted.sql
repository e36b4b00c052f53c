-- Grain of the result: one row per older batch whose rows are gone.
-- The new batch stands in the row, so that staging sees it as changed.
with gone as (
    select
        held.key,
        held.batch_id
    from {table} as held
    where held.deleted_at is null and {condition}
),

marked as (
    update {table} as held
    set
        deleted_at = now(),
        batch_id = %(batch_id)s
    from gone
    where held.key = gone.key
    returning gone.batch_id
)

select
    batch_id,
    count(*) as row_count
from marked
group by batch_id;
