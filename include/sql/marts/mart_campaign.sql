-- Grain: one row per campaign and channel in which it ran.
-- From cost to registration (a lead), opportunity and deal, over the whole time of the campaign.
with fact as (
    select
        cost.campaign,
        cost.channel_code,
        cost.cost_date as first_date,
        cost.cost_date as last_date,
        cost.amount as cost_amount,
        cost.impressions,
        cost.clicks,
        0 as visit_count,
        0 as lead_count,
        0 as qualified_count,
        0 as opportunity_count,
        0 as won_count,
        cast(0 as numeric) as won_amount,
        cast(0 as numeric) as credited_count,
        cast(0 as numeric) as credited_amount
    from core.core_marketing_cost as cost
    union all
    select
        visit.utm_campaign as campaign,
        visit.channel_code,
        min(visit.started_date) as first_date,
        max(visit.started_date) as last_date,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        count(*) as visit_count,
        0 as lead_count,
        0 as qualified_count,
        0 as opportunity_count,
        0 as won_count,
        0 as won_amount,
        0 as credited_count,
        0 as credited_amount
    from core.core_web_session as visit
    where visit.utm_campaign is not null
    group by visit.utm_campaign, visit.channel_code
    union all
    select
        lead.campaign,
        lead.channel_code,
        min(lead.created_date) as first_date,
        max(lead.created_date) as last_date,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        0 as visit_count,
        count(*) as lead_count,
        count(*) filter (where lead.status in ('qualified', 'converted')) as qualified_count,
        0 as opportunity_count,
        0 as won_count,
        0 as won_amount,
        0 as credited_count,
        0 as credited_amount
    from core.core_lead as lead
    group by lead.campaign, lead.channel_code
    union all
    select
        followed.campaign,
        followed.channel_code,
        null as first_date,
        null as last_date,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        0 as visit_count,
        0 as lead_count,
        0 as qualified_count,
        count(*) as opportunity_count,
        count(*) filter (where followed.outcome = 'won') as won_count,
        sum(followed.amount) filter (where followed.outcome = 'won') as won_amount,
        0 as credited_count,
        0 as credited_amount
    from core.core_opportunity_lead as followed
    group by followed.campaign, followed.channel_code
    union all
    select
        credit.campaign,
        credit.channel_code,
        null as first_date,
        null as last_date,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        0 as visit_count,
        0 as lead_count,
        0 as qualified_count,
        0 as opportunity_count,
        0 as won_count,
        0 as won_amount,
        credit.credited_count,
        credit.credited_amount
    from core.core_attribution as credit
    where credit.model = :attribution_model
)

select
    campaign.campaign,
    fact.channel_code,
    channel.name_en as channel_name_en,
    channel.name_zh as channel_name_zh,
    min(fact.first_date) as first_date,
    max(fact.last_date) as last_date,
    coalesce(sum(fact.cost_amount), 0) as cost_amount,
    coalesce(sum(fact.impressions), 0) as impressions,
    coalesce(sum(fact.clicks), 0) as clicks,
    sum(fact.visit_count) as visit_count,
    sum(fact.lead_count) as lead_count,
    sum(fact.qualified_count) as qualified_count,
    sum(fact.opportunity_count) as opportunity_count,
    sum(fact.won_count) as won_count,
    coalesce(sum(fact.won_amount), 0) as won_amount,
    sum(fact.credited_count) as credited_count,
    sum(fact.credited_amount) as credited_amount
from fact
inner join core.core_campaign as campaign on fact.campaign = campaign.campaign
inner join core.core_channel as channel on fact.channel_code = channel.channel_code
group by campaign.campaign, fact.channel_code, channel.name_en, channel.name_zh
