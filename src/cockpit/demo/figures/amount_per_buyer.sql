-- Grain: one row per month: cents per customer who bought.
select
    to_char(retention.month, 'YYYY-MM') as month,
    sum(retention.net_amount) * 100 / sum(retention.buyer_count) as value
from marts.mart_customer_retention as retention
group by retention.month
having sum(retention.buyer_count) > 0
