-- Grain: one row per month of the customers' first order, month since and region of the customer.
-- Counts of customers add up over cohorts and regions within a month, not over months. Months without orders are there,
-- with zero. Retention = buyer_count / cohort_customer_count; repurchase = repurchased_count / buyer_count, once
-- is_repurchase_known; a customer buys again by an order on a later day within :repurchase_months months.
with bought as (
    select
        sales_order.customer_key,
        sales_order.ordered_month as month,
        count(*) as order_count,
        sum(sales_order.net_amount) as net_amount,
        min(sales_order.ordered_date) < max(sales_order.ordered_date) as is_repeated
    from core.core_order as sales_order
    where sales_order.customer_key is not null and sales_order.net_amount > 0
    group by sales_order.customer_key, sales_order.ordered_month
),

followed as (
    select
        bought.customer_key,
        bought.month,
        bought.order_count,
        bought.net_amount,
        min(bought.month) over (partition by bought.customer_key) as cohort_month,
        bought.is_repeated
        or coalesce(
            lead(bought.month) over (partition by bought.customer_key order by bought.month)
            <= bought.month + :repurchase_months * interval '1 month',
            false
        ) as is_repurchased
    from bought
),

monthly as (
    select
        followed.cohort_month,
        followed.month,
        coalesce(customer.region_code, 'unknown') as region_code,
        count(*) as buyer_count,
        count(*) filter (where followed.is_repurchased) as repurchased_count,
        sum(followed.order_count) as order_count,
        sum(followed.net_amount) as net_amount
    from followed
    left join core.core_customer as customer on followed.customer_key = customer.customer_key
    group by followed.cohort_month, followed.month, coalesce(customer.region_code, 'unknown')
),

cohort as (
    select
        monthly.cohort_month,
        monthly.region_code,
        monthly.buyer_count as cohort_customer_count
    from monthly
    where monthly.month = monthly.cohort_month
),

month_since as (
    select
        cohort.cohort_month,
        cohort.region_code,
        cohort.cohort_customer_count,
        cast(generated.moment as date) as month
    from cohort
    cross join
        lateral generate_series(
            cast(cohort.cohort_month as timestamp),
            greatest(
                date_trunc('month', cast(:business_date as timestamp)),
                (select cast(max(monthly.month) as timestamp) from monthly)
            ),
            interval '1 month'
        ) as generated (moment)
),

grid as (
    select
        month_since.cohort_month,
        month_since.region_code,
        month_since.cohort_customer_count,
        month_since.month,
        month_since.month + (:repurchase_months + 1) * interval '1 month' <= :business_date as is_repurchase_known
    from month_since
)

select
    grid.cohort_month,
    grid.month,
    grid.region_code,
    cast(
        extract(year from age(grid.month, grid.cohort_month)) * 12
        + extract(month from age(grid.month, grid.cohort_month)) as integer
    ) as months_since,
    grid.cohort_customer_count,
    coalesce(monthly.buyer_count, 0) as buyer_count,
    case when grid.month > grid.cohort_month then coalesce(monthly.buyer_count, 0) else 0 end as returning_buyer_count,
    coalesce(monthly.repurchased_count, 0) as repurchased_count,
    grid.is_repurchase_known,
    coalesce(monthly.order_count, 0) as order_count,
    coalesce(monthly.net_amount, 0) as net_amount,
    round(coalesce(monthly.buyer_count, 0) / cast(grid.cohort_customer_count as numeric), 6) as retention_ratio,
    round(monthly.repurchased_count / cast(monthly.buyer_count as numeric), 6) as repurchase_ratio,
    :currency as currency
from grid
left join monthly
    on
        grid.cohort_month = monthly.cohort_month
        and grid.region_code = monthly.region_code
        and grid.month = monthly.month
