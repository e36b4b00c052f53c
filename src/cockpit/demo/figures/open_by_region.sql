-- Grain: one row per region_code: cents that orders still owe.
select
    ageing.region_code,
    sum(ageing.open_amount) * 100 as value
from marts.mart_receivable_ageing as ageing
group by ageing.region_code
