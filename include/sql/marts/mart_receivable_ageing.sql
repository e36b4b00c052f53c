-- Grain: one row per customer, region of the orders and age of what is owed, as of the business date.
-- Age is that of the open amount itself, from the day on which days to pay begin; days to pay of what has been paid say
-- nothing about it. :ageing_days are the last days of the buckets but the last. Anonymous sales are one customer.
with bound as (
    select
        cast(entry.position as integer) as bucket_number,
        cast(entry.value as integer) as last_day,
        coalesce(lag(cast(entry.value as integer)) over (order by entry.position), -1) + 1 as first_day
    from unnest(string_to_array(:ageing_days, ',')) with ordinality as entry (value, position)
),

bucket as (
    select
        bound.bucket_number,
        bound.first_day,
        bound.last_day,
        bound.first_day || '-' || bound.last_day as bucket
    from bound
    union all
    select
        count(*) + 1 as bucket_number,
        max(bound.last_day) + 1 as first_day,
        cast(null as integer) as last_day,
        max(bound.last_day) + 1 || '+' as bucket
    from bound
),

open_order as (
    select
        coalesce(payment.customer_key, 'unknown') as customer_key,
        coalesce(payment.region_code, 'unknown') as region_code,
        payment.open_amount,
        payment.is_start_assumed,
        payment.start_date,
        greatest(:business_date - payment.start_date, 0) as age_days
    from core.core_order_payment as payment
    where payment.open_amount > 0
),

aged as (
    select
        open_order.customer_key,
        open_order.region_code,
        bucket.bucket_number,
        bucket.bucket,
        count(*) as order_count,
        sum(open_order.open_amount) as open_amount,
        sum(open_order.open_amount) filter (where open_order.is_start_assumed) as start_assumed_amount,
        sum(open_order.open_amount * open_order.age_days) as weighted_days,
        min(open_order.start_date) as oldest_start_date
    from open_order
    inner join bucket
        on open_order.age_days >= bucket.first_day and open_order.age_days <= coalesce(bucket.last_day, 999999)
    group by open_order.customer_key, open_order.region_code, bucket.bucket_number, bucket.bucket
)

select
    aged.customer_key,
    aged.region_code,
    aged.bucket_number,
    aged.bucket,
    customer.customer_name,
    customer.owner_username,
    aged.order_count,
    aged.open_amount,
    coalesce(aged.start_assumed_amount, 0) as start_assumed_amount,
    aged.weighted_days,
    aged.oldest_start_date,
    :business_date as as_of_date,
    :currency as currency
from aged
left join core.core_customer as customer on aged.customer_key = customer.customer_key
