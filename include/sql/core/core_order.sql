-- Grain: one row per order or cancellation document.
-- An order none of whose lines passed its checks stays, with amount 0: the document exists.
with line_total as (
    select
        line.source,
        line.order_key,
        count(*) as line_count,
        sum(line.amount) as amount
    from staging.stg_order_line as line
    group by line.source, line.order_key
)

select
    sales_order.source || ':' || sales_order.order_key as order_key,
    sales_order.source,
    sales_order.order_key as source_order_key,
    sales_order.order_number,
    customer.customer_key,
    coalesce(sales_order.region_code, 'unknown') as region_code,
    sales_order.ordered_at,
    cast(sales_order.ordered_at as date) as ordered_date,
    cast(date_trunc('month', sales_order.ordered_at) as date) as ordered_month,
    sales_order.status,
    coalesce(sales_order.is_cancellation, false) as is_cancellation,
    sales_order.currency,
    coalesce(line_total.line_count, 0) as line_count,
    coalesce(line_total.amount, 0) as amount,
    case
        when sales_order.status = 'cancelled' and not coalesce(sales_order.is_cancellation, false) then 0
        else coalesce(line_total.amount, 0)
    end as net_amount
from staging.stg_order as sales_order
left join line_total
    on sales_order.source = line_total.source and sales_order.order_key = line_total.order_key
left join core.core_customer_source as customer
    on sales_order.source = customer.source and sales_order.customer_key = customer.source_customer_key
