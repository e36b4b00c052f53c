-- Grain: one row per line of an order or cancellation document.
-- A line whose order is missing or held back waits: it has no date and no region of its own.
select
    line.source || ':' || line.order_line_key as order_line_key,
    line.source,
    line.order_key as source_order_key,
    sales_order.order_key,
    product_source.product_key,
    coalesce(product.product_category, 'unclassified') as product_category,
    sales_order.region_code,
    sales_order.ordered_date,
    sales_order.ordered_month,
    sales_order.status = 'cancelled' or sales_order.is_cancellation as is_cancelled,
    line.quantity,
    line.unit_price,
    line.amount,
    case
        when sales_order.status = 'cancelled' and not sales_order.is_cancellation then 0
        else line.amount
    end as net_amount
from staging.stg_order_line as line
inner join core.core_order as sales_order
    on line.source = sales_order.source and line.order_key = sales_order.source_order_key
left join core.core_product_source as product_source
    on line.source = product_source.source and line.product_key = product_source.source_product_key
left join core.core_product as product on product_source.product_key = product.product_key
