-- Grain: one row per channel and month in which anything happened there.
-- Leads, and what became of them, count for the month in which the lead came in, so that a month's row is a cohort and
-- may still grow; cost, visits, touches and credited deals count for the month in which they happened. Ratios follow
-- from sums of these columns: cost per lead = cost_amount / lead_count, return = credited_amount / cost_amount - 1.
with fact as (
    select
        cost.cost_month as month,
        cost.channel_code,
        cost.amount as cost_amount,
        cost.impressions,
        cost.clicks,
        0 as visit_count,
        0 as touch_count,
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
        cast(date_trunc('month', visit.started_date) as date) as month,
        visit.channel_code,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        count(*) as visit_count,
        0 as touch_count,
        0 as lead_count,
        0 as qualified_count,
        0 as opportunity_count,
        0 as won_count,
        0 as won_amount,
        0 as credited_count,
        0 as credited_amount
    from core.core_web_session as visit
    group by cast(date_trunc('month', visit.started_date) as date), visit.channel_code
    union all
    select
        touch.touched_month as month,
        touch.channel_code,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        0 as visit_count,
        count(*) as touch_count,
        0 as lead_count,
        0 as qualified_count,
        0 as opportunity_count,
        0 as won_count,
        0 as won_amount,
        0 as credited_count,
        0 as credited_amount
    from core.core_touch as touch
    group by touch.touched_month, touch.channel_code
    union all
    select
        lead.created_month as month,
        lead.channel_code,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        0 as visit_count,
        0 as touch_count,
        count(*) as lead_count,
        count(*) filter (where lead.status in ('qualified', 'converted')) as qualified_count,
        0 as opportunity_count,
        0 as won_count,
        0 as won_amount,
        0 as credited_count,
        0 as credited_amount
    from core.core_lead as lead
    group by lead.created_month, lead.channel_code
    union all
    select
        followed.lead_month as month,
        followed.channel_code,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        0 as visit_count,
        0 as touch_count,
        0 as lead_count,
        0 as qualified_count,
        count(*) as opportunity_count,
        count(*) filter (where followed.outcome = 'won') as won_count,
        sum(followed.amount) filter (where followed.outcome = 'won') as won_amount,
        0 as credited_count,
        0 as credited_amount
    from core.core_opportunity_lead as followed
    group by followed.lead_month, followed.channel_code
    union all
    select
        credit.conversion_month as month,
        credit.channel_code,
        0 as cost_amount,
        0 as impressions,
        0 as clicks,
        0 as visit_count,
        0 as touch_count,
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
    fact.month,
    fact.channel_code,
    channel.name_en as channel_name_en,
    channel.name_zh as channel_name_zh,
    channel.kind as channel_kind,
    coalesce(sum(fact.cost_amount), 0) as cost_amount,
    coalesce(sum(fact.impressions), 0) as impressions,
    coalesce(sum(fact.clicks), 0) as clicks,
    sum(fact.visit_count) as visit_count,
    sum(fact.touch_count) as touch_count,
    sum(fact.lead_count) as lead_count,
    sum(fact.qualified_count) as qualified_count,
    sum(fact.opportunity_count) as opportunity_count,
    sum(fact.won_count) as won_count,
    coalesce(sum(fact.won_amount), 0) as won_amount,
    sum(fact.credited_count) as credited_count,
    sum(fact.credited_amount) as credited_amount
from fact
inner join core.core_channel as channel on fact.channel_code = channel.channel_code
where fact.month is not null
group by fact.month, fact.channel_code, channel.name_en, channel.name_zh, channel.kind
