-- Grain: one row per (region_code, month): cents invoiced with tax.
select
    attainment.code as region_code,
    to_char(attainment.month, 'YYYY-MM') as month,
    attainment.actual_amount * 100 as value
from marts.mart_attainment as attainment
where attainment.kind = 'invoiced' and attainment.dimension = 'region'
