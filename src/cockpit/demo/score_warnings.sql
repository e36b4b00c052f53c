-- Grain: one row per system, entity and rule that warns about clean rows now.
select
    warning.source as system,
    warning.entity,
    warning.rule_id,
    count(*) as row_count,
    count(boundary_case.key) as boundary_count
from quality.warning
left join truth.boundary_case
    on warning.source = boundary_case.system
    and warning.entity = boundary_case.entity
    and warning.key = boundary_case.key
where
    warning.gone_at is null
    and not exists (
        select
        from truth.anomaly
        where
            anomaly.system = warning.source
            and anomaly.entity = warning.entity
            and anomaly.key = warning.key
    )
group by
    warning.source,
    warning.entity,
    warning.rule_id
order by
    warning.source,
    warning.entity,
    warning.rule_id
