-- Grain: one row per planted miss: whether the cockpit shows the region below pace in that month.
select
    cause.kind,
    cause.region_code,
    cause.month,
    coalesce(mart_region_attainment.is_below_pace, false) as is_shown
from truth.cause
left join marts.mart_region_attainment
    on cause.region_code = mart_region_attainment.region_code
    and cause.month = mart_region_attainment.month
order by
    cause.region_code,
    cause.month
