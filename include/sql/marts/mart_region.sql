-- Grain: one row per region.
select
    region.region_code,
    region.region_name_en,
    region.region_name_zh,
    region.sales_region_code
from core.core_region as region
