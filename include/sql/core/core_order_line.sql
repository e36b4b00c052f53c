-- Grain: one row per line of an order or cancellation document.
-- A line whose order is missing or held back waits: it has no date and no region of its own.
-- Amounts in a foreign currency are converted with the rate of the order's day, rounded to cents line by line.
with line as (
    select
        stated.source,
        stated.order_line_key,
        stated.order_key as source_order_key,
        stated.product_key as source_product_key,
        stated.quantity,
        stated.unit_price,
        stated.amount as document_amount,
        sales_order.order_key,
        sales_order.customer_key,
        sales_order.region_code,
        sales_order.ordered_date,
        sales_order.ordered_month,
        sales_order.currency,
        sales_order.status = 'cancelled' or sales_order.is_cancellation as is_cancelled,
        sales_order.status = 'cancelled' and not sales_order.is_cancellation as adds_nothing,
        case
            when coalesce(sales_order.currency, :currency) = :currency then stated.amount
            else round(stated.amount * sales_order.exchange_rate, 2)
        end as amount
    from staging.stg_order_line as stated
    inner join core.core_order as sales_order
        on stated.source = sales_order.source and stated.order_key = sales_order.source_order_key
)

select
    line.source || ':' || line.order_line_key as order_line_key,
    line.source,
    line.source_order_key,
    line.order_key,
    line.customer_key,
    product_source.product_key,
    coalesce(product.product_category, 'unclassified') as product_category,
    coalesce(product.product_line, 'unclassified') as product_line,
    coalesce(product.business_unit_code, 'unknown') as business_unit_code,
    line.region_code,
    line.ordered_date,
    line.ordered_month,
    line.is_cancelled,
    line.quantity,
    line.unit_price,
    line.currency,
    line.document_amount,
    line.amount,
    case when line.adds_nothing then 0 else line.amount end as net_amount
from line
left join core.core_product_source as product_source
    on line.source = product_source.source and line.source_product_key = product_source.source_product_key
left join core.core_product as product on product_source.product_key = product.product_key
