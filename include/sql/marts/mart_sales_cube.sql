-- Grain: one row per (month, region_code, product_category, industry, channel_code).
-- Every measure adds up over every dimension: an order is counted once, in the cell of its largest product category,
-- and there are no ratios. Cancelled is what cancelled orders came to, and what cancellation documents take back: a
-- discount within one lowers it. The channel is the one by which the customer's first lead came.
with first_lead as (
    select distinct on (lead.customer_key)
        lead.customer_key,
        lead.channel_code
    from core.core_lead as lead
    where lead.customer_key is not null
    order by lead.customer_key asc, lead.created_at asc nulls last, lead.lead_key asc
),

customer as (
    select
        golden.customer_key,
        coalesce(golden.industry, 'unknown') as industry,
        coalesce(first_lead.channel_code, 'unknown') as channel_code
    from core.core_customer as golden
    left join first_lead on golden.customer_key = first_lead.customer_key
),

part as (
    select
        category.ordered_month as month,
        category.product_category,
        category.order_line_count,
        category.quantity,
        category.amount,
        category.is_main,
        sales_order.region_code,
        sales_order.customer_key,
        sales_order.status = 'cancelled' or sales_order.is_cancellation as is_cancelled,
        sales_order.status = 'cancelled' and not sales_order.is_cancellation as adds_nothing
    from core.core_order_category as category
    inner join core.core_order as sales_order on category.order_key = sales_order.order_key
),

cell as (
    select
        part.month,
        part.region_code,
        part.product_category,
        coalesce(customer.industry, 'unknown') as industry,
        coalesce(customer.channel_code, 'unknown') as channel_code,
        count(*) filter (where part.is_main and not part.is_cancelled) as order_count,
        coalesce(sum(part.order_line_count) filter (where not part.is_cancelled), 0) as order_line_count,
        coalesce(sum(part.quantity) filter (where not part.is_cancelled), 0) as quantity,
        coalesce(sum(part.amount) filter (where not part.adds_nothing), 0) as net_amount,
        coalesce(
            sum(case when part.adds_nothing then part.amount else -part.amount end) filter (where part.is_cancelled), 0
        ) as cancelled_amount
    from part
    left join customer on part.customer_key = customer.customer_key
    group by
        part.month,
        part.region_code,
        part.product_category,
        coalesce(customer.industry, 'unknown'),
        coalesce(customer.channel_code, 'unknown')
)

select
    cell.month,
    cell.region_code,
    cell.product_category,
    cell.industry,
    cell.channel_code,
    coalesce(line.product_line, 'unclassified') as product_line,
    coalesce(line.business_unit_code, 'unknown') as business_unit_code,
    coalesce(region.sales_region_code, 'unknown') as sales_region_code,
    cell.order_count,
    cell.order_line_count,
    cell.quantity,
    cell.net_amount,
    cell.cancelled_amount,
    :currency as currency
from cell
left join core.core_product_category as line on cell.product_category = line.product_category
left join core.core_region as region on cell.region_code = region.region_code
