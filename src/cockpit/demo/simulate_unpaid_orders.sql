-- Grain: one row per order of the last :days days that nothing was received for.
-- Wrong orders are left out by the caller, who knows them.
select
    sales_order.order_id,
    sales_order.customer_id,
    sales_order.region_code,
    cast(sum(sales_order_line.amount) * 100 as bigint) as amount_cents
from sales_order
inner join sales_order_line on sales_order.order_id = sales_order_line.order_id
where
    sales_order.ordered_at < :day_start
    and sales_order.ordered_at >= :day_start - make_interval(days => :days)
    and sales_order.status <> 'cancelled'
    and not exists (select from receipt where receipt.order_id = sales_order.order_id)
group by
    sales_order.order_id,
    sales_order.customer_id,
    sales_order.region_code
order by sales_order.order_id
