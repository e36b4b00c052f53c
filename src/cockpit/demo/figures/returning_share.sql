-- Grain: one row per month: share of the buyers who had bought in an earlier month.
select
    to_char(retention.month, 'YYYY-MM') as month,
    cast(sum(retention.returning_buyer_count) as numeric) / sum(retention.buyer_count) as value
from marts.mart_customer_retention as retention
group by retention.month
having sum(retention.buyer_count) > 0
