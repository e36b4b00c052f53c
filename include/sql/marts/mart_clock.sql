-- Grain: one row. Until a month has its first working day, pages show the one before.
select max(attainment.month) as current_month
from marts.mart_region_attainment as attainment
where attainment.elapsed_ratio > 0
having count(*) > 0
