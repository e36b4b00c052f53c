-- Grain: one row per lead.
-- Of a short number nothing is shown: its ends would be nearly all of it.
select
    lead.lead_key,
    lead.source,
    lead.lead_source,
    lead.channel_code,
    lead.campaign,
    lead.company_name,
    lead.region_code,
    lead.created_at,
    lead.created_date,
    lead.status,
    lead.owner_username is not null as is_assigned,
    case
        when length(lead.phone) >= 11
            then left(lead.phone, 3) || repeat('*', length(lead.phone) - 7) || right(lead.phone, 4)
        else repeat('*', length(lead.phone))
    end as masked_phone,
    lead.phone is not null as has_phone,
    lead.email is not null as has_email,
    lead.customer_key is not null as is_customer,
    lead.completed_columns
from core.core_lead as lead
