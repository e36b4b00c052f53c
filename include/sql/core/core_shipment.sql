-- Grain: one row per shipment.
-- A shipment whose order number is not known stays without an order: the goods have left all the same.
with numbered_order as (
    -- Should a number stand on two orders, the first one has it.
    select distinct on (sales_order.source, sales_order.order_number)
        sales_order.source,
        sales_order.order_number,
        sales_order.order_key,
        sales_order.customer_key,
        sales_order.region_code
    from core.core_order as sales_order
    where not sales_order.is_cancellation
    order by sales_order.source, sales_order.order_number, sales_order.order_key
)

select
    shipment.source || ':' || shipment.shipment_key as shipment_key,
    shipment.source,
    shipment.shipment_key as source_shipment_key,
    numbered_order.order_key,
    shipment.order_source,
    shipment.order_number,
    numbered_order.customer_key,
    coalesce(numbered_order.region_code, 'unknown') as region_code,
    shipment.status,
    shipment.warehouse_code,
    shipment.carrier,
    shipment.planned_date,
    shipment.shipped_at,
    shipment.signed_at,
    cast(shipment.shipped_at as date) - shipment.planned_date as days_late,
    round(cast(extract(epoch from shipment.signed_at - shipment.shipped_at) / 3600 as numeric), 1) as hours_in_transit,
    shipment.freight_amount
from staging.stg_shipment as shipment
left join numbered_order
    on shipment.order_source = numbered_order.source and shipment.order_number = numbered_order.order_number
