-- Grain: one row per event (event_key, kind) of a golden customer.
-- Events without a customer or a time belong to no timeline. Titles are codes: nobody is named, no text is quoted.
with event as (
    select
        sales_order.customer_key,
        sales_order.ordered_at as occurred_at,
        case when sales_order.is_cancellation then 'cancellation' else 'order' end as kind,
        sales_order.order_key as event_key,
        sales_order.source,
        sales_order.status as title_code,
        sales_order.amount,
        cast(null as numeric) as minutes,
        sales_order.order_number as reference
    from core.core_order as sales_order
    union all
    select
        invoice.customer_key,
        cast(invoice.issued_date as timestamptz) as occurred_at,
        'invoice' as kind,
        invoice.invoice_key as event_key,
        invoice.source,
        invoice.state as title_code,
        invoice.amount,
        cast(null as numeric) as minutes,
        invoice.invoice_number as reference
    from core.core_invoice as invoice
    union all
    select
        receipt.customer_key,
        receipt.received_at as occurred_at,
        'receipt' as kind,
        receipt.receipt_key as event_key,
        receipt.source,
        cast(null as text) as title_code,
        receipt.amount,
        cast(null as numeric) as minutes,
        receipt.receipt_number as reference
    from core.core_receipt as receipt
    union all
    select
        shipment.customer_key,
        shipment.shipped_at as occurred_at,
        'shipment' as kind,
        shipment.shipment_key as event_key,
        shipment.source,
        shipment.status as title_code,
        cast(null as numeric) as amount,
        cast(null as numeric) as minutes,
        shipment.order_number as reference
    from core.core_shipment as shipment
    union all
    select
        ticket.customer_key,
        ticket.opened_at as occurred_at,
        'ticket' as kind,
        ticket.ticket_key as event_key,
        ticket.source,
        ticket.priority as title_code,
        cast(null as numeric) as amount,
        ticket.handling_minutes as minutes,
        ticket.source_ticket_key as reference
    from core.core_ticket as ticket
    union all
    select
        activity.customer_key,
        activity.started_at as occurred_at,
        'activity' as kind,
        activity.activity_key as event_key,
        activity.source,
        activity.kind as title_code,
        cast(null as numeric) as amount,
        activity.minutes,
        activity.source_activity_key as reference
    from core.core_activity as activity
    union all
    select
        interaction.customer_key,
        interaction.occurred_at,
        'interaction' as kind,
        interaction.interaction_key as event_key,
        interaction.source,
        interaction.kind as title_code,
        cast(null as numeric) as amount,
        interaction.minutes,
        interaction.source_interaction_key as reference
    from core.core_interaction as interaction
    union all
    select
        lead.customer_key,
        lead.created_at as occurred_at,
        'lead' as kind,
        lead.lead_key as event_key,
        lead.source,
        lead.channel_code as title_code,
        cast(null as numeric) as amount,
        cast(null as numeric) as minutes,
        lead.source_lead_key as reference
    from core.core_lead as lead
    union all
    select
        session.customer_key,
        session.started_at as occurred_at,
        'web_visit' as kind,
        session.session_key as event_key,
        session.source,
        session.channel_code as title_code,
        cast(null as numeric) as amount,
        session.dwell_seconds / 60 as minutes,
        session.site as reference
    from core.core_web_session as session
    union all
    select
        attachment.customer_key,
        attachment.created_at as occurred_at,
        'attachment' as kind,
        attachment.attachment_key as event_key,
        attachment.source,
        attachment.kind as title_code,
        cast(null as numeric) as amount,
        cast(null as numeric) as minutes,
        attachment.source_attachment_key as reference
    from core.core_attachment as attachment
    union all
    select
        stay.customer_key,
        stay.entered_at as occurred_at,
        'opportunity_stage' as kind,
        stay.stay_key as event_key,
        stay.source,
        stay.stage as title_code,
        cast(null as numeric) as amount,
        cast(null as numeric) as minutes,
        stay.source_opportunity_key as reference
    from core.core_opportunity_stage as stay
    union all
    select
        contract.customer_key,
        cast(contract.signed_date as timestamptz) as occurred_at,
        'contract' as kind,
        contract.contract_key as event_key,
        contract.source,
        contract.status as title_code,
        contract.amount,
        cast(null as numeric) as minutes,
        contract.contract_number as reference
    from core.core_contract as contract
)

select
    event.customer_key,
    event.occurred_at,
    cast(event.occurred_at at time zone :time_zone as date) as occurred_date,
    event.kind,
    event.event_key,
    coalesce(customer.region_code, 'unknown') as region_code,
    event.source,
    event.title_code,
    event.amount,
    round(event.minutes, 1) as minutes,
    event.reference
from event
left join core.core_customer as customer on event.customer_key = customer.customer_key
where event.customer_key is not null and event.occurred_at is not null
