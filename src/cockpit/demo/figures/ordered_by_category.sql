-- Grain: one row per (category, month): cents ordered.
select
    sales.product_category as category,
    to_char(sales.month, 'YYYY-MM') as month,
    sum(sales.net_amount) * 100 as value
from marts.mart_sales_monthly as sales
group by sales.product_category, sales.month
