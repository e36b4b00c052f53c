-- Grain: one row per ticket.
select
    ticket.source || ':' || ticket.ticket_key as ticket_key,
    ticket.source,
    ticket.ticket_key as source_ticket_key,
    customer_source.customer_key,
    coalesce(customer.region_code, 'unknown') as region_code,
    ticket.product_code,
    ticket.subject,
    ticket.priority,
    ticket.channel,
    ticket.status,
    ticket.agent_username,
    ticket.opened_at,
    cast(ticket.opened_at as date) as opened_date,
    ticket.solved_at,
    round(cast(extract(epoch from ticket.first_reply_at - ticket.opened_at) / 60 as numeric), 1)
        as minutes_to_first_reply,
    round(cast(extract(epoch from ticket.solved_at - ticket.opened_at) / 3600 as numeric), 1) as hours_to_solve
from staging.stg_ticket as ticket
left join core.core_customer_source as customer_source
    on ticket.customer_source = customer_source.source and ticket.customer_key = customer_source.source_customer_key
left join core.core_customer as customer on customer_source.customer_key = customer.customer_key
