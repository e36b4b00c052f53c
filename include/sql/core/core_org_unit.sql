-- Grain: one row per unit of the organisation.
-- A unit has the codes of the units above it where its source leaves them out. Units that are above themselves, by
-- whatever way, hang on nothing: they have their own codes and no depth.
with recursive unit as (
    select distinct on (stated.org_unit_key)
        stated.org_unit_key,
        nullif(stated.parent_key, stated.org_unit_key) as parent_key,
        stated.level,
        stated.name_en,
        stated.name_zh,
        coalesce(
            stated.business_unit_code, case when stated.level = 'business_unit' then stated.org_unit_key end
        ) as business_unit_code,
        stated.sales_region_code,
        stated.region_code,
        case when stated.level = 'team' then stated.org_unit_key end as team_code
    from staging.stg_org_unit as stated
    order by stated.org_unit_key, stated.source
),

placed as (
    select
        top_unit.org_unit_key,
        top_unit.business_unit_code,
        top_unit.sales_region_code,
        top_unit.region_code,
        top_unit.team_code,
        0 as depth,
        top_unit.org_unit_key as path
    from unit as top_unit
    left join unit as above on top_unit.parent_key = above.org_unit_key
    where above.org_unit_key is null
    union all
    select
        unit.org_unit_key,
        coalesce(unit.business_unit_code, placed.business_unit_code) as business_unit_code,
        coalesce(unit.sales_region_code, placed.sales_region_code) as sales_region_code,
        coalesce(unit.region_code, placed.region_code) as region_code,
        coalesce(unit.team_code, placed.team_code) as team_code,
        placed.depth + 1 as depth,
        placed.path || ' > ' || unit.org_unit_key as path
    from placed
    inner join unit on placed.org_unit_key = unit.parent_key
)

select
    unit.org_unit_key as org_unit_code,
    unit.parent_key as parent_code,
    unit.level,
    coalesce(unit.name_en, unit.org_unit_key) as name_en,
    coalesce(unit.name_zh, unit.name_en, unit.org_unit_key) as name_zh,
    coalesce(placed.business_unit_code, unit.business_unit_code) as business_unit_code,
    coalesce(placed.sales_region_code, unit.sales_region_code) as sales_region_code,
    coalesce(placed.region_code, unit.region_code) as region_code,
    coalesce(placed.team_code, unit.team_code) as team_code,
    placed.depth,
    coalesce(placed.path, unit.org_unit_key) as path
from unit
left join placed on unit.org_unit_key = placed.org_unit_key
