-- Grain: one row per entity and rule with clean rows that are held now; boundary_count of them only look wrong.
-- A line of a wrong order is no false alarm: it cannot be a fact without its order.
with held as (
    select distinct
        quarantine.entity,
        quarantine.key,
        quarantine.rule_id
    from quality.quarantine
    where
        quarantine.source = :source
        and quarantine.released_at is null
)

select
    held.entity,
    held.rule_id,
    count(*) as row_count,
    count(*) filter (
        where exists (
            select
            from truth.boundary_case
            where
                boundary_case.system = :source
                and boundary_case.entity = held.entity
                and boundary_case.key = held.key
        )
    ) as boundary_count
from held
where
    not exists (
        select
        from truth.anomaly
        where
            anomaly.system = :source
            and anomaly.entity = held.entity
            and anomaly.key = held.key
    )
    and not exists (
        select
        from truth.anomaly
        where
            anomaly.system = :source
            and held.entity = 'sales_order_line'
            and anomaly.entity = 'sales_order'
            and anomaly.key = split_part(held.key, '|', 1)
    )
group by
    held.entity,
    held.rule_id
order by
    held.entity,
    held.rule_id
