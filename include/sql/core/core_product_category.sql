-- Grain: one row per product category that a product line names.
select
    entry.key as product_category,
    entry.value ->> 'product_line' as product_line,
    entry.value ->> 'business_unit_code' as business_unit_code
from jsonb_each(cast(:product_lines as jsonb)) as entry
