-- Grain: one row per (region_code, month, kind).
-- Targets of several sources for one region add up.
select
    target.region_code,
    target.month,
    target.kind,
    sum(target.amount) as amount
from staging.stg_target as target
group by target.region_code, target.month, target.kind
