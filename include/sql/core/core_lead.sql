-- Grain: one row per lead.
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
    lead.campaign,
    lead.created_at,
    cast(lead.created_at as date) as created_date,
    lead.owner_username,
    lead.status,
    (
        select string_agg(filled.column_name, ', ' order by filled.column_name)
        from jsonb_object_keys(lead.completed) as filled (column_name)
    ) as completed_columns
from staging.stg_lead as lead
