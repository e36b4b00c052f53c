-- Grain: one row per order or cancellation document and product category that it has lines of.
-- What belongs to an order as a whole is split by these shares: a part of an amount is round(amount * share_to, 2) -
-- round(amount * share_from, 2), so that the parts add up to the amount to the cent. An order whose lines come to
-- nothing leaves all of it to its first part.
with part as (
    select
        line.order_key,
        line.product_category,
        line.ordered_month,
        count(*) as order_line_count,
        sum(line.quantity) as quantity,
        sum(line.amount) as amount
    from core.core_order_line as line
    group by line.order_key, line.product_category, line.ordered_month
),

added as (
    select
        part.order_key,
        part.product_category,
        part.ordered_month,
        part.order_line_count,
        part.quantity,
        part.amount,
        sum(part.amount) over (partition by part.order_key) as order_amount,
        max(part.amount) over (partition by part.order_key) as largest_amount,
        sum(part.amount) over (partition by part.order_key order by part.product_category) as reached,
        row_number() over (partition by part.order_key order by part.product_category) as part_number
    from part
)

select
    added.order_key,
    added.product_category,
    added.ordered_month,
    added.order_line_count,
    coalesce(added.quantity, 0) as quantity,
    added.amount,
    case
        when added.part_number = 1 then 0
        when added.order_amount = 0 then 1
        else round((added.reached - added.amount) / added.order_amount, 12)
    end as share_from,
    case
        when added.order_amount = 0 or added.reached = added.order_amount then 1
        else round(added.reached / added.order_amount, 12)
    end as share_to,
    -- The first by name where several are as large.
    added.part_number = min(added.part_number) filter (where added.amount = added.largest_amount) over (
        partition by added.order_key
    ) as is_main
from added
