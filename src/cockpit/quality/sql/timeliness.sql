-- Grain: one row per entity that has ever been loaded and whose source has agreed times. Of the agreed times since its first
-- batch, those at which rows were there in time; where there was none yet, whether the newest are those of the last one.
with agreed as (
    select
        each.source,
        each.due_at,
        each.due_at + make_interval(secs => each.allowed_seconds) as until
    from jsonb_to_recordset(cast(%(agreed)s as jsonb)) as each (source text, due_at timestamptz, allowed_seconds float8)
),

entity as (
    select
        batch.source,
        batch.entity,
        min(batch.started_at) as first_at,
        max(batch.finished_at) as newest_at
    from ops.import_batch as batch
    group by batch.source, batch.entity
),

counted as (
    select
        entity.source,
        entity.entity,
        count(*) filter (where agreed.due_at >= entity.first_at) as total,
        count(*) filter (
            where agreed.due_at >= entity.first_at and exists (
                select from ops.import_batch as batch
                where
                    batch.source = entity.source
                    and batch.entity = entity.entity
                    and batch.finished_at between agreed.due_at and agreed.until
            )
        ) as good,
        max(agreed.due_at) <= max(entity.newest_at) as is_newest
    from entity
    inner join agreed on entity.source = agreed.source
    group by entity.source, entity.entity
)

select
    counted.source,
    counted.entity,
    case when counted.total > 0 then counted.good else cast(counted.is_newest as integer) end as good,
    greatest(counted.total, 1) as total
from counted
