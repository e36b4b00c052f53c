-- Grain: one row per (month, region_code, from_stage, to_stage).
-- Stages at the ends of two months in a row, for months that have ended. Who stayed is counted by the months at whose
-- end a stage begins and ceases to be seen, so that no row per customer and month has to be made.
with seen as (
    -- A stage that begins and ends within one month is seen at the end of none.
    select
        coalesce(customer.region_code, 'unknown') as region_code,
        period.customer_key,
        period.valid_from,
        period.stage,
        cast(date_trunc('month', period.valid_from) as date) as first_month,
        cast(date_trunc('month', period.valid_to) as date) as end_month
    from core.core_customer_stage as period
    inner join core.core_customer as customer on period.customer_key = customer.customer_key
    where
        coalesce(date_trunc('month', period.valid_from) < date_trunc('month', period.valid_to), true)
        and period.valid_from <= :business_date
),

followed as (
    select
        seen.region_code,
        seen.first_month,
        seen.end_month,
        seen.stage,
        coalesce(
            lag(seen.stage) over (partition by seen.customer_key order by seen.valid_from), 'none'
        ) as from_stage
    from seen
),

month as (
    select cast(series.moment as date) as month
    from generate_series(
        date_trunc('month', cast(:business_date as timestamp) + interval '1 day')
        - :lifecycle_months * interval '1 month',
        date_trunc('month', cast(:business_date as timestamp) + interval '1 day') - interval '1 month',
        interval '1 month'
    ) as series (moment)
),

-- A stay counts from the month after the first to the last one that the stage is seen in.
changed as (
    select
        followed.region_code,
        followed.stage,
        cast(followed.first_month + interval '1 month' as date) as month,
        count(*) as step
    from followed
    group by followed.region_code, followed.stage, followed.first_month
    union all
    select
        followed.region_code,
        followed.stage,
        followed.end_month as month,
        -count(*) as step
    from followed
    where followed.end_month is not null
    group by followed.region_code, followed.stage, followed.end_month
),

stepped as (
    select
        changed.region_code,
        changed.stage,
        changed.month,
        sum(changed.step) as step
    from changed
    group by changed.region_code, changed.stage, changed.month
),

standing as (
    select
        month.month,
        stepped.region_code,
        stepped.stage,
        sum(stepped.step) as customer_count
    from month
    inner join stepped on month.month >= stepped.month
    group by month.month, stepped.region_code, stepped.stage
),

moved as (
    select
        standing.month,
        standing.region_code,
        standing.stage as from_stage,
        standing.stage as to_stage,
        standing.customer_count
    from standing
    where standing.customer_count > 0
    union all
    select
        followed.first_month as month,
        followed.region_code,
        followed.from_stage,
        followed.stage as to_stage,
        count(*) as customer_count
    from followed
    inner join month on followed.first_month = month.month
    group by followed.first_month, followed.region_code, followed.from_stage, followed.stage
)

select
    moved.month,
    moved.region_code,
    moved.from_stage,
    moved.to_stage,
    cast(sum(moved.customer_count) as bigint) as customer_count
from moved
group by moved.month, moved.region_code, moved.from_stage, moved.to_stage
