-- Grain: one row per order; cancellation documents are nobody's debt and have none.
-- Days to pay run from the day that :days_to_pay_from names: delivery (the last shipment left), acceptance (the
-- customer signed for it), invoice (the first one) or order; where that day is not known yet, the day of the order
-- stands for it. They are negative for money that came before. Money that went back lowers what is paid, and the days
-- in proportion: it says nothing about how long the customer took. Ages are left to marts: no row changes with the day.
with shipped as (
    select
        shipment.order_key,
        cast(max(shipment.shipped_at) as date) as delivered_date,
        cast(max(shipment.signed_at) as date) as accepted_date
    from core.core_shipment as shipment
    where shipment.order_key is not null
    group by shipment.order_key
),

invoiced as (
    select
        invoice.order_key,
        min(invoice.issued_date) as invoiced_date,
        sum(invoice.amount) as invoiced_amount
    from core.core_invoice as invoice
    where invoice.order_key is not null
    group by invoice.order_key
),

owed as (
    select
        sales_order.order_key,
        sales_order.customer_key,
        sales_order.region_code,
        sales_order.ordered_date,
        sales_order.net_amount as amount,
        shipped.delivered_date,
        shipped.accepted_date,
        invoiced.invoiced_date,
        invoiced.invoiced_amount
    from core.core_order as sales_order
    left join shipped on sales_order.order_key = shipped.order_key
    left join invoiced on sales_order.order_key = invoiced.order_key
    where not sales_order.is_cancellation
),

started as (
    select
        owed.order_key,
        owed.customer_key,
        owed.region_code,
        owed.ordered_date,
        owed.amount,
        owed.delivered_date,
        owed.accepted_date,
        owed.invoiced_date,
        owed.invoiced_amount,
        case :days_to_pay_from
            when 'delivery' then owed.delivered_date
            when 'acceptance' then owed.accepted_date
            when 'invoice' then owed.invoiced_date
            when 'order' then owed.ordered_date
        end as named_date
    from owed
),

paid as (
    select
        allocation.order_key,
        sum(allocation.amount) as paid_amount,
        count(*) as payment_count,
        min(allocation.received_date) as first_paid_date,
        max(allocation.received_date) as last_paid_date,
        sum(allocation.amount) filter (where allocation.amount > 0) as came_amount,
        sum(allocation.amount * (allocation.received_date - date '2000-01-01')) filter (
            where allocation.amount > 0
        ) as came_days
    from core.core_receipt_allocation as allocation
    where allocation.order_key is not null
    group by allocation.order_key
)

select
    started.order_key,
    started.customer_key,
    started.region_code,
    started.ordered_date,
    started.delivered_date,
    started.accepted_date,
    started.invoiced_date,
    coalesce(started.named_date, started.ordered_date) as start_date,
    started.named_date is null as is_start_assumed,
    started.amount,
    coalesce(started.invoiced_amount, 0) as invoiced_amount,
    coalesce(paid.paid_amount, 0) as paid_amount,
    greatest(started.amount - coalesce(paid.paid_amount, 0), 0) as open_amount,
    greatest(coalesce(paid.paid_amount, 0) - started.amount, 0) as overpaid_amount,
    coalesce(paid.payment_count, 0) as payment_count,
    paid.first_paid_date,
    paid.last_paid_date,
    case when started.amount <= coalesce(paid.paid_amount, 0) then paid.last_paid_date end as settled_date,
    coalesce(
        round(
            (
                paid.came_days
                - paid.came_amount * (coalesce(started.named_date, started.ordered_date) - date '2000-01-01')
            ) * paid.paid_amount / paid.came_amount,
            2
        ),
        0
    ) as weighted_days
from started
left join paid on started.order_key = paid.order_key
