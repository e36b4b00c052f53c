-- Grain: one row per (region_code, month): cents received.
select
    attainment.region_code,
    to_char(attainment.month, 'YYYY-MM') as month,
    attainment.received_amount * 100 as value
from marts.mart_region_attainment as attainment
