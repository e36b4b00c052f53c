-- Grain: one row per receipt.
select
    receipt.source || ':' || receipt.receipt_key as receipt_key,
    receipt.source,
    receipt.receipt_key as source_receipt_key,
    receipt.receipt_number,
    customer.customer_key,
    receipt.source || ':' || receipt.order_key as order_key,
    coalesce(receipt.region_code, 'unknown') as region_code,
    receipt.received_at,
    cast(receipt.received_at as date) as received_date,
    cast(date_trunc('month', receipt.received_at) as date) as received_month,
    receipt.amount,
    receipt.currency
from staging.stg_receipt as receipt
left join core.core_customer_source as customer
    on receipt.source = customer.source and receipt.customer_key = customer.source_customer_key
