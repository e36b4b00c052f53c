-- Grain: one row per golden customer.
-- Each value comes from the newest source record that has one; ties are broken by source and key.
with ranked as (
    select
        link.customer_key,
        customer.name,
        customer.credit_code,
        customer.region_code,
        customer.industry,
        customer.owner_username,
        customer.created_at,
        row_number() over (
            partition by link.customer_key
            order by customer.created_at desc nulls last, customer.source asc, customer.source_key asc
        ) as age
    from staging.stg_customer as customer
    inner join core.core_customer_source as link
        on customer.source = link.source and customer.source_key = link.source_key
)

select
    ranked.customer_key,
    (array_agg(ranked.name order by ranked.age) filter (where ranked.name is not null))[1] as customer_name,
    (array_agg(ranked.credit_code order by ranked.age) filter (where ranked.credit_code is not null))[1] as credit_code,
    (array_agg(ranked.region_code order by ranked.age) filter (where ranked.region_code is not null))[1] as region_code,
    (array_agg(ranked.industry order by ranked.age) filter (where ranked.industry is not null))[1] as industry,
    (array_agg(ranked.owner_username order by ranked.age) filter (where ranked.owner_username is not null))[1]
        as owner_username,
    min(ranked.created_at) as created_at,
    count(*) as source_record_count
from ranked
group by ranked.customer_key
