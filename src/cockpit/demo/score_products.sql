-- Grain: one row. Pairs of records of products of all systems: truly one product, put together by the platform, both,
-- and truly one product that a person is asked about; and pairs of one family in two sizes, materials or designs. A
-- record that never reached core counts as put together with nothing.
with record as (
    select
        product.system || ':' || product.key as record_id,
        product.true_product_id,
        product.family,
        golden.product_key
    from truth.product
    left join core.core_product_source as golden
        on product.system = golden.source and product.key = golden.source_key
),

asked as (
    select
        pair.left_record,
        pair.right_record
    from mdm.pair
    where pair.entity = 'product' and pair.outcome = 'review'
    union all
    select
        pair.right_record,
        pair.left_record
    from mdm.pair
    where pair.entity = 'product' and pair.outcome = 'review'
),

pair as (
    select
        one.true_product_id = other.true_product_id as is_true,
        coalesce(one.product_key = other.product_key, false) as is_found,
        one.family = other.family as is_near,
        asked.left_record is not null as is_asked
    from record as one
    inner join record as other on one.record_id < other.record_id
    left join asked on one.record_id = asked.left_record and other.record_id = asked.right_record
    where one.family = other.family or one.product_key = other.product_key
)

select
    (select count(*) from record) as record_count,
    (select count(*) from record where record.product_key is not null) as matched_record_count,
    count(*) filter (where pair.is_true) as true_pair_count,
    count(*) filter (where pair.is_found) as found_pair_count,
    count(*) filter (where pair.is_true and pair.is_found) as right_pair_count,
    count(*) filter (where pair.is_true and not pair.is_found and pair.is_asked) as review_pair_count,
    count(*) filter (where pair.is_near and not pair.is_true) as near_pair_count,
    count(*) filter (where pair.is_near and not pair.is_true and pair.is_found) as merged_near_pair_count
from pair
