-- Grain: one row per golden product and period in which its values were these.
select
    version.golden_id as product_key,
    version.valid_from,
    version.valid_to,
    version.content ->> 'product_code' as product_code,
    version.content ->> 'product_name_en' as product_name_en,
    version.content ->> 'product_name_zh' as product_name_zh,
    version.content ->> 'specification' as specification,
    version.content ->> 'product_category' as product_category,
    version.content ->> 'unit' as unit,
    cast(version.content ->> 'list_price' as numeric) as list_price
from mdm.golden_version as version
where version.entity = 'product'
