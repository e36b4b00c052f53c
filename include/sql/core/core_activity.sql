-- Grain: one row per activity.
-- It counts for the position that the person held on that day, and for the region of the customer.
select
    activity.source || ':' || activity.activity_key as activity_key,
    activity.source,
    activity.activity_key as source_activity_key,
    activity.kind,
    customer_source.customer_key,
    activity.source || ':' || activity.opportunity_key as opportunity_key,
    contact_source.contact_key,
    activity.owner_username,
    rep.team_code,
    coalesce(rep.business_unit_code, 'unknown') as business_unit_code,
    coalesce(customer.region_code, rep.region_code, 'unknown') as region_code,
    activity.started_at,
    cast(activity.started_at as date) as started_date,
    cast(date_trunc('month', activity.started_at) as date) as started_month,
    activity.minutes,
    activity.subject,
    activity.result,
    activity.next_step
from staging.stg_activity as activity
left join core.core_customer_source as customer_source
    on activity.source = customer_source.source and activity.customer_key = customer_source.source_customer_key
left join core.core_customer as customer on customer_source.customer_key = customer.customer_key
left join core.core_contact_source as contact_source
    on activity.source = contact_source.source and activity.contact_key = contact_source.source_contact_key
left join core.core_sales_rep as rep
    on
        activity.owner_username = rep.username
        and cast(activity.started_at as date) >= rep.counted_from
        and cast(activity.started_at as date) < rep.counted_to
