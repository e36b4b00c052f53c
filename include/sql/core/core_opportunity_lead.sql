-- Grain: one row per opportunity that a lead of its customer came before.
-- Of several leads within :attribution_window_days before it began, the last one led to it.
with candidate as (
    select
        opportunity.opportunity_key,
        opportunity.customer_key,
        opportunity.outcome,
        opportunity.amount,
        lead.lead_key,
        lead.channel_code,
        lead.campaign,
        lead.region_code,
        lead.created_month as lead_month,
        row_number() over (
            partition by opportunity.opportunity_key
            order by lead.created_at desc, lead.lead_key desc
        ) as place
    from core.core_opportunity as opportunity
    inner join core.core_lead as lead
        on
            opportunity.customer_key = lead.customer_key
            and opportunity.created_at >= lead.created_at
            and opportunity.created_at <= lead.created_at + :attribution_window_days * interval '1 day'
    where lead.status is distinct from 'invalid'
)

select
    candidate.opportunity_key,
    candidate.customer_key,
    candidate.lead_key,
    candidate.channel_code,
    candidate.campaign,
    candidate.region_code,
    candidate.lead_month,
    candidate.outcome,
    candidate.amount
from candidate
where candidate.place = 1
