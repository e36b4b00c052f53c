-- Grain: one row per stage; the last run of each.
with step as (
    select
        'load' as stage,
        batch.run_id,
        batch.started_at,
        batch.finished_at,
        batch.loaded + batch.deleted as rows_changed
    from ops.import_batch as batch
    union all
    select
        case
            when build.model like 'stg\_%' then 'staging'
            when build.model like 'core\_%' then 'core'
            else 'marts'
        end as stage,
        build.run_id,
        build.started_at,
        build.started_at + make_interval(secs => cast(build.seconds as double precision)) as finished_at,
        build.inserted + build.updated + build.deleted as rows_changed
    from ops.model_build as build
),

latest as (
    select distinct on (step.stage)
        step.stage,
        step.run_id
    from step
    order by step.stage asc, step.started_at desc
)

select
    step.stage,
    cast(round(cast(extract(epoch from max(step.finished_at) - min(step.started_at)) as numeric), 2) as double precision)
        as seconds,
    cast(round(cast(sum(extract(epoch from step.finished_at - step.started_at)) as numeric), 2) as double precision)
        as busy_seconds,
    count(*) as steps,
    sum(step.rows_changed) as rows_changed,
    max(step.finished_at) as finished_at
from step
inner join latest on step.stage = latest.stage and step.run_id = latest.run_id
group by step.stage
order by array_position(array['load', 'staging', 'core', 'marts'], step.stage)
