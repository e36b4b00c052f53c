-- Grain: one row per customer record; created_at in the zone's local time.
select
    customer.customer_id,
    customer.region_code,
    customer.industry,
    customer.name,
    customer.owner_username,
    coalesce(customer.parent_customer_id, -1) as parent_customer_id,
    customer.created_at at time zone :zone as created_at
from customer
order by customer.customer_id
