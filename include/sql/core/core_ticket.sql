-- Grain: one row per ticket.
with course as (
    select
        event.source,
        event.ticket_key,
        count(*) filter (where event.kind = 'reply') as reply_count,
        greatest(count(*) filter (where event.kind = 'solved') - 1, 0) as reopened_count,
        sum(event.minutes) as handling_minutes,
        -- The last word counts.
        (
            array_agg(event.satisfaction_score order by event.occurred_at desc, event.source_key desc)
            filter (where event.satisfaction_score is not null)
        )[1] as satisfaction_score
    from staging.stg_ticket_event as event
    group by event.source, event.ticket_key
)

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
    cast(date_trunc('month', ticket.opened_at) as date) as opened_month,
    ticket.solved_at,
    round(cast(extract(epoch from ticket.first_reply_at - ticket.opened_at) / 60 as numeric), 1)
        as minutes_to_first_reply,
    round(cast(extract(epoch from ticket.solved_at - ticket.opened_at) / 3600 as numeric), 1) as hours_to_solve,
    coalesce(course.reply_count, 0) as reply_count,
    coalesce(course.reopened_count, 0) as reopened_count,
    coalesce(course.handling_minutes, 0) as handling_minutes,
    course.satisfaction_score
from staging.stg_ticket as ticket
left join core.core_customer_source as customer_source
    on ticket.customer_source = customer_source.source and ticket.customer_key = customer_source.source_customer_key
left join core.core_customer as customer on customer_source.customer_key = customer.customer_key
left join course on ticket.source = course.source and ticket.ticket_key = course.ticket_key
