-- Grain: one row per order or cancellation document.
-- An order none of whose lines passed its checks stays, with amount 0: the document exists.
-- Lines are converted one by one with the rate of the order's day and then added up, so that both levels agree.
with sales_order as (
    select
        document.source,
        document.order_key,
        document.order_number,
        document.customer_key,
        document.region_code,
        document.ordered_at,
        cast(document.ordered_at as date) as ordered_date,
        document.status,
        coalesce(document.is_cancellation, false) as is_cancellation,
        document.currency,
        coalesce(document.currency <> :currency, false) as is_foreign
    from staging.stg_order as document
),

line_total as (
    select
        line.source,
        line.order_key,
        count(*) as line_count,
        sum(line.amount) as amount
    from staging.stg_order_line as line
    group by line.source, line.order_key
),

rated as (
    select
        document.source,
        document.order_key,
        rate.rate
    from staging.stg_order as document
    left join core.core_exchange_rate as rate
        on
            document.currency = rate.currency
            and cast(document.ordered_at as date) >= rate.valid_from
            and cast(document.ordered_at as date) < coalesce(rate.valid_to, date 'infinity')
    where document.currency <> :currency
),

converted as (
    select
        rated.source,
        rated.order_key,
        rated.rate,
        coalesce(sum(round(line.amount * rated.rate, 2)), 0) as amount
    from rated
    left join staging.stg_order_line as line
        on rated.source = line.source and rated.order_key = line.order_key
    group by rated.source, rated.order_key, rated.rate
),

valued as (
    select
        sales_order.source,
        sales_order.order_key,
        sales_order.order_number,
        sales_order.customer_key,
        sales_order.region_code,
        sales_order.ordered_at,
        sales_order.ordered_date,
        sales_order.status,
        sales_order.is_cancellation,
        sales_order.currency,
        coalesce(line_total.line_count, 0) as line_count,
        coalesce(line_total.amount, 0) as document_amount,
        case when sales_order.is_foreign then converted.rate else 1 end as exchange_rate,
        case
            when not sales_order.is_foreign then coalesce(line_total.amount, 0)
            when converted.rate is not null then converted.amount
        end as amount
    from sales_order
    left join line_total
        on sales_order.source = line_total.source and sales_order.order_key = line_total.order_key
    left join converted
        on sales_order.source = converted.source and sales_order.order_key = converted.order_key
)

select
    valued.source || ':' || valued.order_key as order_key,
    valued.source,
    valued.order_key as source_order_key,
    valued.order_number,
    customer.customer_key,
    coalesce(valued.region_code, 'unknown') as region_code,
    valued.ordered_at,
    valued.ordered_date,
    cast(date_trunc('month', valued.ordered_at) as date) as ordered_month,
    valued.status,
    valued.is_cancellation,
    valued.currency,
    valued.line_count,
    valued.document_amount,
    valued.exchange_rate,
    valued.amount,
    case
        when valued.status = 'cancelled' and not valued.is_cancellation then 0
        else valued.amount
    end as net_amount
from valued
left join core.core_customer_source as customer
    on valued.source = customer.source and valued.customer_key = customer.source_customer_key
