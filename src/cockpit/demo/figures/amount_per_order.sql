-- Grain: one row per month: cents per order.
select
    to_char(sales.month, 'YYYY-MM') as month,
    sum(sales.order_amount) * 100 / sum(sales.order_count) as value
from marts.mart_team_month as sales
group by sales.month
having sum(sales.order_count) > 0
