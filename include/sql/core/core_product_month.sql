-- Grain: one row per (month, product_key, product_category, product_line); lines of unknown products are one product.
select
    line.ordered_month as month,
    coalesce(line.product_key, 'unknown') as product_key,
    line.product_category,
    line.product_line,
    count(*) filter (where not line.is_cancelled) as order_line_count,
    coalesce(sum(line.quantity) filter (where not line.is_cancelled), 0) as quantity,
    sum(line.net_amount) as net_amount
from core.core_order_line as line
group by line.ordered_month, coalesce(line.product_key, 'unknown'), line.product_category, line.product_line
