-- Grain: one row per (kind, month, region_code, business_unit_code, product_line).
-- Signed is what contracts say, framework and terminated ones without, and orders that no contract names; invoiced is
-- invoices less red ones; received is receipts. All with tax. Documents of an order are split over its lines as
-- core_order_category says, so that every level adds up to the same cent; what belongs to no order is unclassified.
with document as (
    select
        'signed' as kind,
        contract.signed_month as month,
        contract.region_code,
        contract.order_key,
        contract.signed_amount as amount
    from core.core_contract as contract
    where contract.signed_amount <> 0 and contract.signed_month is not null
    union all
    select
        'signed' as kind,
        sales_order.ordered_month as month,
        sales_order.region_code,
        sales_order.order_key,
        sales_order.net_amount as amount
    from core.core_order as sales_order
    left join core.core_contract_order as named on sales_order.order_key = named.order_key
    where named.order_key is null and sales_order.net_amount <> 0
    union all
    select
        'invoiced' as kind,
        invoice.issued_month as month,
        invoice.region_code,
        invoice.order_key,
        invoice.amount
    from core.core_invoice as invoice
    union all
    select
        'received' as kind,
        allocation.received_month as month,
        allocation.region_code,
        allocation.order_key,
        allocation.amount
    from core.core_receipt_allocation as allocation
),

split as (
    select
        document.kind,
        document.month,
        document.region_code,
        coalesce(category.business_unit_code, 'unknown') as business_unit_code,
        coalesce(category.product_line, 'unclassified') as product_line,
        case
            when coalesce(part.share_to, 1) = 1 then document.amount
            else round(document.amount * part.share_to, 2)
        end
        - case
            when coalesce(part.share_from, 0) = 0 then 0
            when part.share_from = 1 then document.amount
            else round(document.amount * part.share_from, 2)
        end as amount
    from document
    left join core.core_order_category as part on document.order_key = part.order_key
    left join core.core_product_category as category on part.product_category = category.product_category
)

select
    split.kind,
    split.month,
    split.region_code,
    split.business_unit_code,
    split.product_line,
    count(*) as part_count,
    sum(split.amount) as amount
from split
group by split.kind, split.month, split.region_code, split.business_unit_code, split.product_line
