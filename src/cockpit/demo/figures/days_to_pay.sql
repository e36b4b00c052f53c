-- Grain: one row per customer_key: tenths of days to pay by amount.
select
    customer.customer_key,
    customer.days_to_pay * 10 as value
from marts.mart_customer as customer
where customer.days_to_pay is not null
