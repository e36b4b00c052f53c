-- Grain: one row per golden customer and day on which it enters a stage of its life.
-- Stages follow from the days of orders alone, so that any day of the past can be asked again. What comes when no
-- further order does stands there already: rows may begin after today.
with numbered as (
    select
        sales_order.customer_key,
        sales_order.ordered_date,
        lag(sales_order.ordered_date, cast(:lifecycle_loyal_orders as integer) - 1) over customer_orders as loyal_since,
        lead(sales_order.ordered_date) over customer_orders as following_date
    from core.core_order as sales_order
    where
        sales_order.customer_key is not null
        and sales_order.net_amount > 0
        and not sales_order.is_cancellation
    window customer_orders as (
        partition by sales_order.customer_key
        order by sales_order.ordered_date, sales_order.order_key
    )
),

-- The last order of a day knows all of the day.
placed as (
    select
        numbered.customer_key,
        numbered.ordered_date,
        first_value(numbered.ordered_date) over customer_days as first_date,
        lag(numbered.ordered_date) over customer_days as previous_date,
        numbered.following_date as next_date,
        coalesce(numbered.ordered_date - numbered.loyal_since <= :lifecycle_loyal_days, false) as is_loyal
    from numbered
    where numbered.following_date is distinct from numbered.ordered_date
    window customer_days as (partition by numbered.customer_key order by numbered.ordered_date)
),

judged as (
    select
        placed.customer_key,
        placed.ordered_date,
        placed.first_date,
        placed.next_date,
        case
            when placed.ordered_date - placed.previous_date > :lifecycle_silent_after_days then 'recovered'
            when placed.ordered_date - placed.first_date < :lifecycle_new_days then 'new'
            when placed.is_loyal then 'loyal'
            else 'active'
        end as stage
    from placed
),

period as (
    select
        judged.customer_key,
        judged.ordered_date as valid_from,
        judged.stage
    from judged
    union all
    -- New and recovered wear off.
    select
        judged.customer_key,
        case judged.stage
            when 'new' then judged.first_date + cast(:lifecycle_new_days as integer)
            else judged.ordered_date + cast(:lifecycle_recovered_days as integer)
        end as valid_from,
        'active' as stage
    from judged
    where
        judged.stage in ('new', 'recovered')
        and coalesce(
            judged.next_date > case judged.stage
                when 'new' then judged.first_date + cast(:lifecycle_new_days as integer)
                else judged.ordered_date + cast(:lifecycle_recovered_days as integer)
            end,
            true
        )
    union all
    select
        judged.customer_key,
        judged.ordered_date + cast(:lifecycle_silent_after_days as integer) + 1 as valid_from,
        'silent' as stage
    from judged
    where
        coalesce(judged.next_date - judged.ordered_date > cast(:lifecycle_silent_after_days as integer) + 1, true)
    union all
    select
        judged.customer_key,
        judged.ordered_date + cast(:lifecycle_lost_after_days as integer) + 1 as valid_from,
        'lost' as stage
    from judged
    where
        coalesce(judged.next_date - judged.ordered_date > cast(:lifecycle_lost_after_days as integer) + 1, true)
    union all
    -- Before the first order, from the day on which the customer became known.
    select
        customer.customer_key,
        coalesce(cast(customer.created_at as date), date '1900-01-01') as valid_from,
        'prospect' as stage
    from core.core_customer as customer
    left join judged
        on customer.customer_key = judged.customer_key and judged.ordered_date = judged.first_date
    where
        judged.first_date is null
        or judged.first_date > coalesce(cast(customer.created_at as date), date '1900-01-01')
),

followed as (
    select
        period.customer_key,
        period.valid_from,
        period.stage,
        lag(period.stage) over customer_periods as stage_before
    from period
    window customer_periods as (partition by period.customer_key order by period.valid_from)
)

select
    followed.customer_key,
    followed.valid_from,
    lead(followed.valid_from) over customer_stages as valid_to,
    followed.stage,
    followed.stage_before
from followed
where followed.stage is distinct from followed.stage_before
window customer_stages as (partition by followed.customer_key order by followed.valid_from)
