-- Grain: one row per golden customer.
with tag as (
    select
        member.customer_key,
        string_agg(member.segment_id, ',' order by member.segment_id) as tags,
        count(*) as tag_count
    from marts.mart_segment_member as member
    group by member.customer_key
)

select
    profile.customer_key,
    profile.customer_name,
    coalesce(profile.customer_name, profile.customer_key) as shown_name,
    -- Dashboards write filters into their address as rison, which escapes ! and '; an address escapes the others.
    replace(replace(
        replace(replace(replace(replace(replace(replace(replace(
            coalesce(profile.customer_name, profile.customer_key),
            '%', '%25'
        ), '!', '!!'), chr(39), '!%27'), '&', '%26'), '#', '%23'), '+', '%2B'), '"', '%22'), '<', '%3C'
    ), '>', '%3E') as address_name,
    profile.region_code,
    profile.sales_region_code,
    profile.industry,
    profile.owner_username,
    profile.group_customer_key,
    profile.created_date,
    profile.first_order_date,
    profile.last_order_date,
    profile.order_count,
    profile.order_count_12m,
    profile.cancelled_count,
    profile.ordered_amount,
    profile.ordered_amount_12m,
    profile.received_amount,
    profile.last_receipt_date,
    profile.days_to_pay,
    profile.open_amount,
    profile.oldest_open_date,
    profile.open_age_days,
    profile.overdue_amount,
    profile.service_cost,
    profile.last_contact_date,
    profile.last_visit_date,
    profile.visit_count_12m,
    profile.activity_count_12m,
    profile.call_count_12m,
    profile.chat_count_12m,
    profile.contact_minutes_12m,
    profile.asking_days_30d,
    profile.ticket_count,
    profile.open_ticket_count,
    profile.last_ticket_date,
    profile.open_opportunity_count,
    profile.open_opportunity_amount,
    profile.won_count,
    profile.lost_count,
    profile.lost_on_price_count,
    profile.last_web_visit_date,
    profile.web_visit_count_90d,
    profile.material_view_count_90d,
    profile.material_count_90d,
    profile.complaint_count_30d,
    profile.complaint_count_before,
    profile.satisfaction_score,
    profile.lifecycle_stage,
    profile.lifecycle_stage_since,
    profile.churn_risk,
    profile.lifetime_value,
    profile.recency_score,
    profile.frequency_score,
    profile.monetary_score,
    profile.rfm_cell,
    tag.tags,
    coalesce(tag.tag_count, 0) as tag_count,
    :currency as currency
from core.core_customer_profile as profile
left join tag on profile.customer_key = tag.customer_key
