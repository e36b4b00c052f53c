-- Grain: one row per golden product and month.
-- Where several records of one product have a cost for the month, their mean counts.
with stated as (
    select
        cost.source,
        cost.product_key,
        cost.month,
        case
            when coalesce(cost.currency, :currency) = :currency then cost.unit_cost
            else cost.unit_cost * rate.rate
        end as unit_cost
    from staging.stg_product_cost as cost
    left join core.core_exchange_rate as rate
        on
            cost.currency = rate.currency
            and cost.month >= rate.valid_from
            and cost.month < coalesce(rate.valid_to, date 'infinity')
)

select
    product.product_key,
    stated.month,
    round(avg(stated.unit_cost), 4) as unit_cost
from stated
inner join core.core_product_source as product
    on stated.source = product.source and stated.product_key = product.source_product_key
group by product.product_key, stated.month
