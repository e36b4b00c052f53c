-- Grain: one row per (region_code, month).
-- Only working days that have ended count as elapsed: on its first morning a month has no pace yet.
with received as (
    select
        receipt.region_code,
        receipt.received_month as month,
        sum(receipt.amount) as received_amount
    from core.core_receipt as receipt
    group by receipt.region_code, receipt.received_month
),

ordered as (
    select
        sales_order.region_code,
        sales_order.ordered_month as month,
        sum(sales_order.net_amount) as ordered_amount
    from core.core_order as sales_order
    group by sales_order.region_code, sales_order.ordered_month
),

target as (
    select
        target.region_code,
        target.month,
        target.amount as target_amount
    from core.core_target as target
    where target.kind = 'received'
),

elapsed as (
    select
        calendar.month,
        cast(count(*) filter (where calendar.calendar_date < :business_date) as numeric) as days_ended,
        count(*) as days
    from core.core_calendar as calendar
    where calendar.is_working_day
    group by calendar.month
),

attainment as (
    select
        coalesce(target.region_code, received.region_code, ordered.region_code) as region_code,
        coalesce(target.month, received.month, ordered.month) as month,
        target.target_amount,
        coalesce(received.received_amount, 0) as received_amount,
        coalesce(ordered.ordered_amount, 0) as ordered_amount
    from target
    full join received
        on target.region_code = received.region_code and target.month = received.month
    full join ordered
        on
            coalesce(target.region_code, received.region_code) = ordered.region_code
            and coalesce(target.month, received.month) = ordered.month
),

paced as (
    select
        attainment.region_code,
        attainment.month,
        attainment.target_amount,
        attainment.received_amount,
        attainment.ordered_amount,
        attainment.received_amount / nullif(attainment.target_amount, 0) as attainment_ratio,
        elapsed.days_ended / elapsed.days as elapsed_ratio,
        -- Multiplied out: two thirds of a month have no end as a decimal, and the border to red must be exact.
        attainment.received_amount * elapsed.days as received_times_days,
        nullif(attainment.target_amount * elapsed.days_ended, 0) as target_times_days
    from attainment
    left join elapsed on attainment.month = elapsed.month
)

select
    paced.region_code,
    paced.month,
    coalesce(region.region_name_en, paced.region_code) as region_name_en,
    coalesce(region.region_name_zh, paced.region_code) as region_name_zh,
    region.sales_region_code,
    region.tile_column,
    region.tile_row,
    paced.target_amount,
    paced.received_amount,
    paced.ordered_amount,
    paced.attainment_ratio,
    paced.elapsed_ratio,
    paced.received_times_days / paced.target_times_days as pace_ratio,
    paced.received_times_days < :pace_threshold * paced.target_times_days as is_below_pace,
    :currency as currency
from paced
left join core.core_region as region on paced.region_code = region.region_code
