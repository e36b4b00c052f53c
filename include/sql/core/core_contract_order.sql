-- Grain: one row per contract that names an order which is there.
-- A number that several orders have belongs to the first of them.
select
    contract.source,
    contract.contract_key as source_contract_key,
    contract.order_number,
    (array_agg(sales_order.order_key order by sales_order.ordered_at, sales_order.order_key))[1] as order_key,
    (array_agg(sales_order.region_code order by sales_order.ordered_at, sales_order.order_key))[1] as region_code
from staging.stg_contract as contract
inner join core.core_order as sales_order on contract.order_number = sales_order.order_number
group by contract.source, contract.contract_key, contract.order_number
