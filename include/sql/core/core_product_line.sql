-- Grain: one row per product line; the last one takes what no line names.
with category as (
    select
        entry.key as product_category,
        entry.value as body
    from jsonb_each(cast(:product_lines as jsonb)) as entry
)

select distinct
    category.body ->> 'product_line' as product_line,
    cast(category.body ->> 'line_number' as integer) as line_number,
    category.body ->> 'name_en' as name_en,
    category.body ->> 'name_zh' as name_zh,
    category.body ->> 'business_unit_code' as business_unit_code,
    category.body ->> 'business_unit_name_en' as business_unit_name_en,
    category.body ->> 'business_unit_name_zh' as business_unit_name_zh
from category
union all
select
    'unclassified' as product_line,
    999 as line_number,
    'Unclassified' as name_en,
    '未分类' as name_zh,
    'unknown' as business_unit_code,
    'Unknown' as business_unit_name_en,
    '未知' as business_unit_name_zh
