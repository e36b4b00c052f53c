-- Grain: one row per kind of look-alike: how many were put together with any other customer's record.
with golden as (
    select
        customer_cluster.customer_id,
        customer_cluster.true_customer_id,
        source_record.customer_key
    from truth.customer_cluster
    inner join core.core_customer_source as source_record
        on source_record.source = :source
        and source_record.source_key = cast(customer_cluster.customer_id as text)
)

select
    boundary_case.kind,
    count(*) as planted_count,
    count(*) filter (
        where exists (
            select
            from golden as look_alike
            inner join golden as other
                on look_alike.customer_key = other.customer_key
                and look_alike.true_customer_id <> other.true_customer_id
            where cast(look_alike.customer_id as text) = boundary_case.key
        )
    ) as merged_count
from truth.boundary_case
where boundary_case.entity = 'customer'
group by boundary_case.kind
order by boundary_case.kind
