-- Grain: one row per golden contact and golden customer that one of its records names.
select
    person.contact_key,
    company.customer_key,
    min(contact.created_at) as created_at,
    count(*) as source_record_count
from staging.stg_contact as contact
inner join core.core_contact_source as person
    on contact.source = person.source and contact.source_key = person.source_key
inner join core.core_customer_source as company
    on contact.source = company.source and contact.customer_key = company.source_customer_key
group by person.contact_key, company.customer_key
