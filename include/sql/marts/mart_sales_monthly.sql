-- Grain: one row per (month, region_code, product_category).
-- A cancelled order adds nothing and is cancelled with its amount, a cancellation document takes back what it is
-- cancelled with; a discount within one lowers it.
select
    line.ordered_month as month,
    line.region_code,
    line.product_category,
    count(distinct line.order_key) filter (where not line.is_cancelled) as order_count,
    count(*) filter (where not line.is_cancelled) as order_line_count,
    coalesce(sum(line.quantity) filter (where not line.is_cancelled), 0) as quantity,
    sum(line.net_amount) as net_amount,
    coalesce(sum(line.amount - 2 * line.net_amount) filter (where line.is_cancelled), 0) as cancelled_amount,
    :currency as currency
from core.core_order_line as line
group by line.ordered_month, line.region_code, line.product_category
