-- Grain: one row per kind of look-alike in the ERP: how many were put together with any other customer's record.
with golden as (
    select
        cluster.system,
        cluster.key,
        cluster.true_customer_id,
        source_record.customer_key
    from truth.cluster
    inner join core.core_customer_source as source_record
        on cluster.system = source_record.source
        and cluster.key = source_record.source_key
    where (cluster.system, cluster.entity) in (
        ('erp', 'customer'), ('crm', 'account'), ('legacy_crm', 'legacy_customer')
    )
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
            where
                look_alike.system = boundary_case.system
                and look_alike.key = boundary_case.key
        )
    ) as merged_count
from truth.boundary_case
where
    boundary_case.system = :source
    and boundary_case.entity = 'customer'
group by boundary_case.kind
order by boundary_case.kind
