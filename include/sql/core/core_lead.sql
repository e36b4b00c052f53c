-- Grain: one row per lead.
-- include/rules/attribution/channels.yml says which channel the code of a lead's source means.
with meaning as (
    select
        rule.body ->> 'value' as lead_source,
        rule.body ->> 'channel_code' as channel_code
    from jsonb_array_elements(cast(:channel_meanings as jsonb)) as rule (body)
    where rule.body ->> 'kind' = 'lead_source'
)

select
    lead.source || ':' || lead.lead_key as lead_key,
    lead.source,
    lead.lead_key as source_lead_key,
    lead.company_name,
    lead.contact_name,
    lead.phone,
    lead.email,
    coalesce(lead.region_code, 'unknown') as region_code,
    coalesce(lead.lead_source, 'unknown') as lead_source,
    coalesce(meaning.channel_code, :lead_channel) as channel_code,
    lead.campaign,
    lead.created_at,
    cast(lead.created_at as date) as created_date,
    cast(date_trunc('month', lead.created_at) as date) as created_month,
    lead.owner_username,
    lead.status,
    owner.customer_key,
    owner.customer_by,
    (
        select string_agg(filled.column_name, ', ' order by filled.column_name)
        from jsonb_object_keys(lead.completed) as filled (column_name)
    ) as completed_columns
from staging.stg_lead as lead
left join meaning on lower(lead.lead_source) = meaning.lead_source
left join core.core_lead_customer as owner
    on lead.source = owner.source and lead.lead_key = owner.source_lead_key
