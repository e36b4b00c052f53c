-- Grain: one row per (customer_key, contact_key).
select
    works_for.customer_key,
    works_for.contact_key,
    customer.region_code,
    customer.owner_username,
    person.contact_name,
    person.job_title,
    person.department,
    person.phone,
    person.email,
    person.is_primary
from core.core_contact_customer as works_for
inner join core.core_contact as person on works_for.contact_key = person.contact_key
inner join marts.mart_customer as customer on works_for.customer_key = customer.customer_key
