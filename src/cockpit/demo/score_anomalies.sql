-- Grain: one row per kind and entity: how many planted rows were ever quarantined, released ones included.
select
    anomaly.kind,
    anomaly.entity,
    count(*) as planted_count,
    count(*) filter (
        where exists (
            select
            from quality.quarantine
            where
                quarantine.source = :source
                and quarantine.entity = anomaly.entity
                and quarantine.key = anomaly.key
        )
    ) as caught_count
from truth.anomaly
where anomaly.system = :source
group by
    anomaly.kind,
    anomaly.entity
order by
    anomaly.entity,
    anomaly.kind
