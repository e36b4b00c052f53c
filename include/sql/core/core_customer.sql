-- Grain: one row per golden customer.
-- Each value comes from the newest source record that has one; ties are broken by source and key.
select
    link.customer_key,
    (array_agg(customer.name order by customer.created_at desc nulls last, customer.source, customer.source_key)
        filter (where customer.name is not null))[1] as customer_name,
    (array_agg(customer.credit_code order by customer.created_at desc nulls last, customer.source, customer.source_key)
        filter (where customer.credit_code is not null))[1] as credit_code,
    (array_agg(customer.region_code order by customer.created_at desc nulls last, customer.source, customer.source_key)
        filter (where customer.region_code is not null))[1] as region_code,
    (array_agg(customer.industry order by customer.created_at desc nulls last, customer.source, customer.source_key)
        filter (where customer.industry is not null))[1] as industry,
    (array_agg(customer.owner_username order by customer.created_at desc nulls last, customer.source, customer.source_key)
        filter (where customer.owner_username is not null))[1] as owner_username,
    min(customer.created_at) as created_at,
    count(*) as source_record_count
from staging.stg_customer as customer
inner join core.core_customer_source as link
    on customer.source = link.source and customer.source_key = link.source_key
group by link.customer_key
