-- Grain: one row per region.
-- The tile map gives each province one square, so that a small province can be seen as well as a large one.
with tile (region_code, tile_column, tile_row) as (
    values
    ('CN-HL', 9, 0),
    ('CN-XJ', 1, 1), ('CN-NM', 6, 1), ('CN-JL', 9, 1),
    ('CN-QH', 3, 2), ('CN-GS', 4, 2), ('CN-NX', 5, 2), ('CN-SX', 6, 2),
    ('CN-HE', 7, 2), ('CN-BJ', 8, 2), ('CN-LN', 9, 2),
    ('CN-XZ', 2, 3), ('CN-SN', 5, 3), ('CN-HA', 6, 3), ('CN-SD', 7, 3), ('CN-TJ', 8, 3),
    ('CN-SC', 4, 4), ('CN-CQ', 5, 4), ('CN-HB', 6, 4), ('CN-AH', 7, 4), ('CN-JS', 8, 4), ('CN-SH', 9, 4),
    ('CN-YN', 4, 5), ('CN-GZ', 5, 5), ('CN-HN', 6, 5), ('CN-JX', 7, 5), ('CN-ZJ', 8, 5),
    ('CN-GX', 5, 6), ('CN-GD', 6, 6), ('CN-FJ', 7, 6), ('CN-TW', 9, 6),
    ('CN-HI', 5, 7), ('CN-MO', 6, 7), ('CN-HK', 7, 7)
),

region as (
    select distinct on (region.region_key)
        region.region_key as region_code,
        region.name_en,
        region.name_zh,
        region.sales_region_code
    from staging.stg_region as region
    order by region.region_key, region.source
)

select
    region.region_code,
    coalesce(region.name_en, region.region_code) as region_name_en,
    coalesce(region.name_zh, region.name_en, region.region_code) as region_name_zh,
    region.sales_region_code,
    tile.tile_column,
    tile.tile_row
from region
left join tile on region.region_code = tile.region_code
