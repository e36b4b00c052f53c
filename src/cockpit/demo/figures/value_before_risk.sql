-- Grain: one row per customer_key: cents of all orders without the cost of service, which the lifetime value divides.
select
    customer.customer_key,
    (customer.ordered_amount - customer.service_cost) * 100 as value
from marts.mart_customer as customer
