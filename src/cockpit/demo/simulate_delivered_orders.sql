-- Grain: one row per order that was delivered at :delivered_at, with what it comes to.
select
    sales_order.order_id,
    sales_order.customer_id,
    sales_order.currency,
    cast(sum(sales_order_line.amount) * 100 as bigint) as amount_cents
from sales_order
inner join sales_order_line on sales_order.order_id = sales_order_line.order_id
where
    sales_order.updated_at = :delivered_at
    and sales_order.status = 'delivered'
group by
    sales_order.order_id,
    sales_order.customer_id,
    sales_order.currency
order by sales_order.order_id
