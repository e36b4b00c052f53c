-- Grain: one row per system, entity and kind: how many planted rows a rule ever held back or warned about, those that
-- were released since included.
with noticed as (
    select distinct
        quarantine.source,
        quarantine.entity,
        quarantine.key,
        true as is_held
    from quality.quarantine
    union
    select distinct
        warning.source,
        warning.entity,
        warning.key,
        false as is_held
    from quality.warning
),

found as (
    select
        noticed.source,
        noticed.entity,
        noticed.key,
        bool_or(noticed.is_held) as is_held
    from noticed
    group by
        noticed.source,
        noticed.entity,
        noticed.key
)

select
    anomaly.system,
    anomaly.entity,
    anomaly.kind,
    count(*) as planted_count,
    count(found.key) as caught_count,
    count(*) filter (where found.is_held) as held_count
from truth.anomaly
left join found
    on anomaly.system = found.source
    and anomaly.entity = found.entity
    and anomaly.key = found.key
group by
    anomaly.system,
    anomaly.entity,
    anomaly.kind
order by
    anomaly.system,
    anomaly.entity,
    anomaly.kind
