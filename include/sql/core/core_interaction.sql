-- Grain: one row per call, chat, e-mail, text message or approval.
-- The customer is that of the order which was spoken about, else the one that the person works for, else the one whose
-- telephone it is. A number or a person that leads to several customers leads to none.
with numbered_order as (
    -- Should a number stand on two orders, the first one has it.
    select distinct on (sales_order.order_number)
        sales_order.order_number,
        sales_order.order_key,
        sales_order.customer_key
    from core.core_order as sales_order
    where not sales_order.is_cancellation and sales_order.order_number is not null
    order by sales_order.order_number, sales_order.order_key
),

employer as (
    select
        link.contact_key,
        min(link.customer_key) as customer_key
    from core.core_contact_customer as link
    group by link.contact_key
    having count(*) = 1
),

person_of_phone as (
    select
        contact.phone,
        min(contact.contact_key) as contact_key
    from core.core_contact as contact
    where contact.phone is not null
    group by contact.phone
    having count(*) = 1
),

person_of_email as (
    select
        contact.email,
        min(contact.contact_key) as contact_key
    from core.core_contact as contact
    where contact.email is not null
    group by contact.email
    having count(*) = 1
),

company_of_phone as (
    select
        customer.phone,
        min(customer.customer_key) as customer_key
    from core.core_customer as customer
    where customer.phone is not null
    group by customer.phone
    having count(*) = 1
),

interaction as (
    select
        interaction.source || ':' || interaction.interaction_key as interaction_key,
        interaction.source,
        interaction.interaction_key as source_interaction_key,
        interaction.link_key,
        interaction.kind,
        interaction.direction,
        coalesce(
            named_person.contact_key,
            person_of_phone.contact_key,
            person_of_email.contact_key
        ) as contact_key,
        named_customer.customer_key as named_customer_key,
        interaction.phone,
        interaction.order_number,
        interaction.owner_username,
        interaction.occurred_at,
        interaction.minutes,
        interaction.received_count,
        interaction.sent_count,
        interaction.first_reply_seconds,
        interaction.satisfaction_score,
        interaction.topic
    from staging.stg_interaction as interaction
    left join core.core_contact_source as named_person
        on
            interaction.source = named_person.source
            and interaction.contact_key = named_person.source_contact_key
    left join person_of_phone on interaction.phone = person_of_phone.phone
    left join person_of_email on interaction.email = person_of_email.email
    left join core.core_customer_source as named_customer
        on
            interaction.customer_source = named_customer.source
            and interaction.customer_key = named_customer.source_customer_key
)

select
    interaction.interaction_key,
    interaction.source,
    interaction.source_interaction_key,
    interaction.link_key,
    interaction.kind,
    interaction.direction,
    coalesce(
        numbered_order.customer_key,
        interaction.named_customer_key,
        employer.customer_key,
        company_of_phone.customer_key
    ) as customer_key,
    interaction.contact_key,
    numbered_order.order_key,
    interaction.owner_username,
    interaction.occurred_at,
    cast(interaction.occurred_at as date) as occurred_date,
    cast(date_trunc('month', interaction.occurred_at) as date) as occurred_month,
    interaction.minutes,
    interaction.received_count,
    interaction.sent_count,
    interaction.first_reply_seconds,
    interaction.satisfaction_score,
    interaction.topic,
    -- A chat is the customer's as soon as the customer wrote; a call when the customer dialled.
    coalesce(interaction.direction = 'inbound' or interaction.received_count > 0, false) as is_from_customer
from interaction
left join numbered_order on interaction.order_number = numbered_order.order_number
left join employer on interaction.contact_key = employer.contact_key
left join company_of_phone on interaction.phone = company_of_phone.phone
