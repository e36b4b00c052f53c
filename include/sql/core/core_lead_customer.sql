-- Grain: one row per lead whose customer is known.
-- The account that the source made of it counts first, then the telephone, then the e-mail address of a customer or of
-- a person who works for it. What leads to several customers, such as the number of an office building, leads to none.
with identifier as (
    select
        'phone' as kind,
        customer.phone as identifier,
        customer.customer_key
    from core.core_customer as customer
    where customer.phone is not null
    union all
    select
        'email' as kind,
        lower(customer.email) as identifier,
        customer.customer_key
    from core.core_customer as customer
    where customer.email is not null
    union all
    select
        'phone' as kind,
        contact.phone as identifier,
        employer.customer_key
    from core.core_contact as contact
    inner join core.core_contact_customer as employer on contact.contact_key = employer.contact_key
    where contact.phone is not null
    union all
    select
        'email' as kind,
        lower(contact.email) as identifier,
        employer.customer_key
    from core.core_contact as contact
    inner join core.core_contact_customer as employer on contact.contact_key = employer.contact_key
    where contact.email is not null
),

own as (
    select
        identifier.kind,
        identifier.identifier,
        min(identifier.customer_key) as customer_key
    from identifier
    group by identifier.kind, identifier.identifier
    having min(identifier.customer_key) = max(identifier.customer_key)
),

found as (
    select
        lead.source,
        lead.lead_key as source_lead_key,
        account.customer_key as account_customer_key,
        phone.customer_key as phone_customer_key,
        email.customer_key as email_customer_key
    from staging.stg_lead as lead
    left join core.core_customer_source as account
        on lead.source = account.source and lead.customer_key = account.source_customer_key
    left join own as phone on phone.kind = 'phone' and lead.phone = phone.identifier
    left join own as email on email.kind = 'email' and lower(lead.email) = email.identifier
)

select
    found.source,
    found.source_lead_key,
    coalesce(found.account_customer_key, found.phone_customer_key, found.email_customer_key) as customer_key,
    case
        when found.account_customer_key is not null then 'account'
        when found.phone_customer_key is not null then 'phone'
        else 'email'
    end as customer_by
from found
where coalesce(found.account_customer_key, found.phone_customer_key, found.email_customer_key) is not null
