-- Grain: one row per product of a source.
select
    product.source || ':' || product.product_key as product_key,
    product.product_code,
    product.name_en as product_name_en,
    coalesce(product.name_zh, product.name_en) as product_name_zh,
    coalesce(product.category, 'unclassified') as product_category,
    product.list_price
from staging.stg_product as product
