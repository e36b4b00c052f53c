-- Grain: one row per golden customer.
-- Each value comes from the newest source record that has one; ties are broken by source and key. A value that a
-- completion rule found counts only where no record was given one.
with ranked as (
    select
        link.customer_key,
        customer.name,
        customer.credit_code,
        customer.region_code,
        customer.industry,
        customer.owner_username,
        customer.created_at,
        customer.completed,
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
    coalesce(
        (array_agg(ranked.name order by ranked.age) filter (
            where ranked.name is not null and ranked.completed -> 'name' is null
        ))[1],
        (array_agg(ranked.name order by ranked.age) filter (where ranked.name is not null))[1]
    ) as customer_name,
    coalesce(
        (array_agg(ranked.credit_code order by ranked.age) filter (
            where ranked.credit_code is not null and ranked.completed -> 'credit_code' is null
        ))[1],
        (array_agg(ranked.credit_code order by ranked.age) filter (where ranked.credit_code is not null))[1]
    ) as credit_code,
    coalesce(
        (array_agg(ranked.region_code order by ranked.age) filter (
            where ranked.region_code is not null and ranked.completed -> 'region_code' is null
        ))[1],
        (array_agg(ranked.region_code order by ranked.age) filter (where ranked.region_code is not null))[1]
    ) as region_code,
    coalesce(
        (array_agg(ranked.industry order by ranked.age) filter (
            where ranked.industry is not null and ranked.completed -> 'industry' is null
        ))[1],
        (array_agg(ranked.industry order by ranked.age) filter (where ranked.industry is not null))[1]
    ) as industry,
    coalesce(
        (array_agg(ranked.owner_username order by ranked.age) filter (
            where ranked.owner_username is not null and ranked.completed -> 'owner_username' is null
        ))[1],
        (array_agg(ranked.owner_username order by ranked.age) filter (where ranked.owner_username is not null))[1]
    ) as owner_username,
    nullif(concat_ws(
        ', ',
        case
            when bool_and(ranked.completed -> 'name' is not null) filter (where ranked.name is not null)
                then 'customer_name'
        end,
        case
            when bool_and(ranked.completed -> 'credit_code' is not null) filter (where ranked.credit_code is not null)
                then 'credit_code'
        end,
        case
            when bool_and(ranked.completed -> 'region_code' is not null) filter (where ranked.region_code is not null)
                then 'region_code'
        end,
        case
            when bool_and(ranked.completed -> 'industry' is not null) filter (where ranked.industry is not null)
                then 'industry'
        end,
        case
            when
                bool_and(ranked.completed -> 'owner_username' is not null)
                filter (where ranked.owner_username is not null)
                then 'owner_username'
        end
    ), '') as completed_columns,
    min(ranked.created_at) as created_at,
    count(*) as source_record_count
from ranked
group by ranked.customer_key
