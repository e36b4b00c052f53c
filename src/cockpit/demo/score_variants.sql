-- Grain: one row per system and variant: how many records whose name was typed so were put together with the first
-- record of their company, the ERP's where it has one. A company's only record has nothing to be found with.
with record as (
    select
        cluster.system,
        cluster.true_customer_id,
        cluster.variant,
        golden.customer_key,
        row_number() over (
            partition by cluster.true_customer_id
            order by cluster.system = :source desc, cluster.variant is not null, cluster.system, cluster.key
        ) as place
    from truth.cluster
    left join core.core_customer_source as golden
        on cluster.system = golden.source
        and cluster.key = golden.source_key
    where (cluster.system, cluster.entity) in (
        ('erp', 'customer'), ('crm', 'account'), ('legacy_crm', 'legacy_customer')
    )
)

select
    repeat.system,
    repeat.variant,
    count(*) as planted_count,
    count(*) filter (where repeat.customer_key = first.customer_key) as found_count
from record as repeat
inner join record as first
    on repeat.true_customer_id = first.true_customer_id
    and first.place = 1
where
    repeat.place > 1
    and repeat.variant is not null
group by
    repeat.system,
    repeat.variant
order by
    repeat.system desc,
    repeat.variant
