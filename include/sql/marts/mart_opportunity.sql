-- Grain: one row per opportunity.
-- Only open ones have a health score: 100 points less what include/rules/health/opportunity.yml takes off.
with named as (
    select
        stage.body ->> 'stage' as stage,
        stage.body ->> 'name_en' as name_en,
        stage.body ->> 'name_zh' as name_zh
    from jsonb_array_elements(cast(:funnel_stages as jsonb)) as stage (body)
),

band as (
    select
        band.body ->> 'measure' as measure,
        cast(band.body ->> 'position' as integer) as position,
        cast(band.body ->> 'is_unknown' as boolean) as is_unknown,
        cast(band.body ->> 'up_to' as numeric) as up_to,
        trim_scale(cast(band.body ->> 'lost' as numeric)) as lost,
        band.body ->> 'code' as code,
        band.body ->> 'reason' as reason,
        band.body ->> 'reason_zh' as reason_zh
    from jsonb_array_elements(cast(:health_bands as jsonb)) as band (body)
),

open_opportunity as (
    select
        opportunity.opportunity_key,
        opportunity.stage,
        opportunity.amount,
        opportunity.budget_amount,
        opportunity.competitor,
        opportunity.expected_close_date,
        opportunity.created_date
    from core.core_opportunity as opportunity
    where opportunity.outcome = 'open'
),

last_activity as (
    select distinct on (activity.opportunity_key)
        activity.opportunity_key,
        activity.started_date,
        activity.next_step
    from core.core_activity as activity
    inner join open_opportunity on activity.opportunity_key = open_opportunity.opportunity_key
    order by activity.opportunity_key asc, activity.started_at desc, activity.activity_key desc
),

present_stay as (
    select
        stay.opportunity_key,
        stay.stage,
        cast(stay.entered_at as date) as entered_date
    from core.core_opportunity_stage as stay
    inner join open_opportunity on stay.opportunity_key = open_opportunity.opportunity_key
    where stay.left_at is null
),

measured as (
    select
        open_opportunity.opportunity_key,
        last_activity.started_date as last_activity_date,
        last_activity.next_step,
        dwell.typical_days,
        greatest(
            :business_date - coalesce(last_activity.started_date, open_opportunity.created_date), 0
        ) as days_since_activity,
        -- The history may lack the entry into the present stage.
        greatest(
            :business_date - coalesce(present_stay.entered_date, open_opportunity.created_date), 0
        ) as days_in_stage,
        :business_date - open_opportunity.expected_close_date as days_overdue,
        case
            when open_opportunity.competitor is null then 0
            else cardinality(regexp_split_to_array(open_opportunity.competitor, '[,;、，；]'))
        end as competitor_count,
        open_opportunity.amount / nullif(open_opportunity.budget_amount, 0) as amount_to_budget_ratio
    from open_opportunity
    left join last_activity on open_opportunity.opportunity_key = last_activity.opportunity_key
    left join present_stay
        on
            open_opportunity.opportunity_key = present_stay.opportunity_key
            and open_opportunity.stage = present_stay.stage
    left join core.core_stage_dwell as dwell
        on open_opportunity.stage = dwell.stage and dwell.stay_count >= :health_least_stays
),

signal as (
    select
        measured.opportunity_key,
        signal.measure,
        signal.found
    from measured
    cross join lateral (
        values
        ('days_since_activity', cast(measured.days_since_activity as numeric)),
        ('stage_dwell_ratio', cast(measured.days_in_stage as numeric) / measured.typical_days),
        ('days_overdue', measured.days_overdue),
        ('competitor_count', measured.competitor_count),
        ('next_step_missing', case when measured.next_step is null then 1 else 0 end),
        ('amount_to_budget_ratio', measured.amount_to_budget_ratio)
    ) as signal (measure, found)
),

loss as (
    select distinct on (signal.opportunity_key, signal.measure)
        signal.opportunity_key,
        signal.measure,
        signal.found,
        band.lost,
        band.code,
        band.reason,
        band.reason_zh
    from signal
    inner join band
        on
            signal.measure = band.measure
            and case
                when signal.found is null then band.is_unknown
                else not band.is_unknown and coalesce(signal.found <= band.up_to, true)
            end
    order by signal.opportunity_key, signal.measure, band.position
),

scored as (
    select
        loss.opportunity_key,
        100 - sum(loss.lost) as health_score,
        coalesce(
            jsonb_agg(
                jsonb_build_object('code', loss.code, 'points', -loss.lost, 'value', trim_scale(round(loss.found, 2)))
                order by loss.lost desc, loss.code asc
            ) filter (where loss.lost > 0),
            '[]'
        ) as health_reasons,
        string_agg(loss.reason || ' (-' || loss.lost || ')', '; ' order by loss.lost desc, loss.code asc)
        filter (where loss.lost > 0) as health_reasons_en,
        string_agg(loss.reason_zh || '（-' || loss.lost || '）', '；' order by loss.lost desc, loss.code asc)
        filter (where loss.lost > 0) as health_reasons_zh
    from loss
    group by loss.opportunity_key
)

select
    opportunity.opportunity_key,
    opportunity.opportunity_number,
    opportunity.name as opportunity_name,
    opportunity.customer_key,
    customer.customer_name,
    opportunity.region_code,
    coalesce(region.region_name_en, opportunity.region_code) as region_name_en,
    coalesce(region.region_name_zh, opportunity.region_code) as region_name_zh,
    region.sales_region_code,
    opportunity.business_unit_code,
    opportunity.team_code,
    opportunity.owner_username,
    coalesce(lead.channel_code, 'unknown') as channel_code,
    opportunity.stage,
    coalesce(named.name_en, opportunity.stage) as stage_name_en,
    coalesce(named.name_zh, opportunity.stage) as stage_name_zh,
    opportunity.stage_number,
    opportunity.furthest_stage_number,
    opportunity.outcome,
    opportunity.amount,
    opportunity.budget_amount,
    opportunity.product_category,
    opportunity.competitor,
    opportunity.loss_reason,
    opportunity.expected_close_date,
    opportunity.created_date,
    opportunity.created_month,
    opportunity.closed_date,
    opportunity.closed_month,
    opportunity.cycle_days,
    measured.last_activity_date,
    measured.days_since_activity,
    measured.next_step,
    measured.days_in_stage,
    measured.typical_days as typical_days_in_stage,
    measured.days_overdue,
    scored.health_score,
    case
        when scored.health_score >= :health_good_from then 'good'
        when scored.health_score >= :health_watch_from then 'watch'
        when scored.health_score is not null then 'at_risk'
    end as health_grade,
    scored.health_reasons,
    scored.health_reasons_en,
    scored.health_reasons_zh,
    :currency as currency
from core.core_opportunity as opportunity
left join core.core_customer as customer on opportunity.customer_key = customer.customer_key
left join core.core_region as region on opportunity.region_code = region.region_code
left join core.core_opportunity_lead as lead on opportunity.opportunity_key = lead.opportunity_key
left join named on opportunity.stage = named.stage
left join measured on opportunity.opportunity_key = measured.opportunity_key
left join scored on opportunity.opportunity_key = scored.opportunity_key
