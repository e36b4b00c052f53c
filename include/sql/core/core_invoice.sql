-- Grain: one row per invoice; a red one takes an earlier one back and is negative, the one taken back stays.
-- Amounts in a foreign currency are converted with the rate of the day of issue; the tax is what is left of the amount,
-- so that net and tax add up to it. The region is that of the order; core_order_category says whose parts it has.
with invoice as (
    select
        document.source,
        document.invoice_key,
        document.invoice_number,
        document.customer_key,
        document.order_key,
        document.order_or_invoice_key,
        document.kind,
        document.state,
        document.reversed_invoice_key,
        document.amount,
        document.net_amount,
        document.tax_amount,
        document.tax_rate,
        document.currency,
        document.issued_on,
        coalesce(document.currency <> :currency, false) as is_foreign
    from staging.stg_invoice as document
)

select
    invoice.source || ':' || invoice.invoice_key as invoice_key,
    invoice.source,
    invoice.invoice_key as source_invoice_key,
    invoice.order_or_invoice_key,
    invoice.invoice_number,
    customer.customer_key,
    sales_order.order_key,
    invoice.kind,
    invoice.state,
    invoice.source || ':' || invoice.reversed_invoice_key as reversed_invoice_key,
    case when invoice.is_foreign then round(invoice.amount * rate.rate, 2) else invoice.amount end as amount,
    case
        when invoice.is_foreign then round(invoice.net_amount * rate.rate, 2)
        else invoice.net_amount
    end as net_amount,
    case
        when not invoice.is_foreign then invoice.tax_amount
        else round(invoice.amount * rate.rate, 2) - round(invoice.net_amount * rate.rate, 2)
    end as tax_amount,
    invoice.tax_rate,
    invoice.amount as document_amount,
    invoice.currency,
    invoice.issued_on as issued_date,
    cast(date_trunc('month', invoice.issued_on) as date) as issued_month,
    coalesce(sales_order.region_code, 'unknown') as region_code
from invoice
left join core.core_exchange_rate as rate
    on
        invoice.currency = rate.currency
        and invoice.issued_on >= rate.valid_from
        and invoice.issued_on < coalesce(rate.valid_to, date 'infinity')
left join core.core_order as sales_order
    on invoice.source = sales_order.source and invoice.order_key = sales_order.source_order_key
left join core.core_customer_source as customer
    on invoice.source = customer.source and invoice.customer_key = customer.source_customer_key
