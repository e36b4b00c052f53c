-- Grain: one row per campaign that a lead, a visit or a bill names.
with mention as (
    select
        lead.campaign,
        lead.channel_code,
        lead.created_date as mentioned_date,
        false as is_cost
    from core.core_lead as lead
    union all
    select
        visit.utm_campaign as campaign,
        visit.channel_code,
        visit.started_date as mentioned_date,
        false as is_cost
    from core.core_web_session as visit
    where visit.utm_campaign is not null
    union all
    select
        cost.campaign,
        cost.channel_code,
        cost.cost_date as mentioned_date,
        true as is_cost
    from core.core_marketing_cost as cost
)

select
    mention.campaign,
    min(mention.mentioned_date) as first_date,
    max(mention.mentioned_date) as last_date,
    count(distinct mention.channel_code) as channel_count,
    bool_or(mention.is_cost) as has_cost
from mention
where mention.campaign <> ''
group by mention.campaign
