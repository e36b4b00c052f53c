-- Grain: one row per (org_unit_code, month, kind).
-- Targets of several sources for one unit add up.
select
    target.org_unit_code,
    target.month,
    target.kind,
    sum(target.amount) as amount
from staging.stg_staff_target as target
group by target.org_unit_code, target.month, target.kind
