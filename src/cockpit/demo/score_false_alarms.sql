-- Grain: one row per system, entity and rule with clean rows that are held now; boundary_count of them only look wrong.
-- A line of a wrong order is no false alarm: it cannot be a fact without its order.
with held as (
    select distinct
        quarantine.source as system,
        quarantine.entity,
        quarantine.key,
        quarantine.rule_id
    from quality.quarantine
    where quarantine.released_at is null
)

select
    held.system,
    held.entity,
    held.rule_id,
    count(*) as row_count,
    count(boundary_case.key) as boundary_count
from held
left join truth.boundary_case
    on held.system = boundary_case.system
    and held.entity = boundary_case.entity
    and held.key = boundary_case.key
where
    not exists (
        select
        from truth.anomaly
        where
            anomaly.system = held.system
            and anomaly.entity = held.entity
            and anomaly.key = held.key
    )
    and not exists (
        select
        from truth.anomaly
        where
            anomaly.system = held.system
            and held.entity = 'sales_order_line'
            and anomaly.entity = 'sales_order'
            and anomaly.key = split_part(held.key, '|', 1)
    )
group by
    held.system,
    held.entity,
    held.rule_id
order by
    held.system,
    held.entity,
    held.rule_id
