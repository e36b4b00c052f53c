-- Grain: one row per receipt.
-- An amount in a foreign currency is converted with the rate of the day on which it arrived.
with receipt as (
    select
        document.source,
        document.receipt_key,
        document.receipt_number,
        document.customer_key,
        document.order_key,
        document.region_code,
        document.received_at,
        cast(document.received_at as date) as received_date,
        document.amount,
        document.currency
    from staging.stg_receipt as document
)

select
    receipt.source || ':' || receipt.receipt_key as receipt_key,
    receipt.source,
    receipt.receipt_key as source_receipt_key,
    receipt.receipt_number,
    customer.customer_key,
    receipt.source || ':' || receipt.order_key as order_key,
    coalesce(receipt.region_code, 'unknown') as region_code,
    receipt.received_at,
    receipt.received_date,
    cast(date_trunc('month', receipt.received_at) as date) as received_month,
    case
        when coalesce(receipt.currency, :currency) = :currency then receipt.amount
        else round(receipt.amount * rate.rate, 2)
    end as amount,
    receipt.amount as document_amount,
    receipt.currency
from receipt
left join core.core_exchange_rate as rate
    on
        receipt.currency = rate.currency
        and receipt.received_date >= rate.valid_from
        and receipt.received_date < coalesce(rate.valid_to, date 'infinity')
left join core.core_customer_source as customer
    on receipt.source = customer.source and receipt.customer_key = customer.source_customer_key
