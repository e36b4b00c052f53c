-- Grain: one row per stage from which opportunities went on.
-- Stays before a loss or a step back do not count: they say how long one waits in vain. Whole days, because a figure
-- that moves with each stay would change every open opportunity every day.
with named as (
    select
        stage.body ->> 'stage' as stage,
        cast(stage.body ->> 'number' as integer) as stage_number
    from jsonb_array_elements(cast(:funnel_stages as jsonb)) as stage (body)
)

select
    stay.stage,
    count(*) as stay_count,
    cast(
        greatest(round(percentile_cont(0.5) within group (order by cast(stay.dwell_days as double precision))), 1)
        as integer
    ) as typical_days
from core.core_opportunity_stage as stay
inner join named as next_stage on stay.next_stage = next_stage.stage
where next_stage.stage_number > stay.stage_number
group by stay.stage
