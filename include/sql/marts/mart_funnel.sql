-- Grain: one row per (created_month, region_code, business_unit_code, channel_code, stage) that an opportunity reached.
-- An opportunity reached its furthest stage and all before it, so that of each stage: reached = went on + still open
-- there + lost there. Stages that nobody reached have no row.
with stage as (
    select
        stage.body ->> 'stage' as stage,
        cast(stage.body ->> 'number' as integer) as stage_number,
        stage.body ->> 'name_en' as name_en,
        stage.body ->> 'name_zh' as name_zh
    from jsonb_array_elements(cast(:funnel_stages as jsonb)) as stage (body)
    where stage.body ->> 'outcome' <> 'lost'
),

ended as (
    select
        opportunity.created_month,
        opportunity.region_code,
        opportunity.business_unit_code,
        opportunity.channel_code,
        opportunity.furthest_stage_number,
        opportunity.outcome,
        count(*) as opportunity_count,
        coalesce(sum(opportunity.amount), 0) as amount
    from marts.mart_opportunity as opportunity
    group by
        opportunity.created_month, opportunity.region_code, opportunity.business_unit_code, opportunity.channel_code,
        opportunity.furthest_stage_number, opportunity.outcome
),

reached as (
    select
        ended.created_month,
        ended.region_code,
        ended.business_unit_code,
        ended.channel_code,
        stage.stage,
        stage.stage_number,
        stage.name_en,
        stage.name_zh,
        sum(ended.opportunity_count) as reached_count,
        sum(ended.amount) as reached_amount,
        coalesce(
            sum(ended.opportunity_count) filter (where ended.furthest_stage_number > stage.stage_number), 0
        ) as next_count,
        coalesce(
            sum(ended.amount) filter (where ended.furthest_stage_number > stage.stage_number), 0
        ) as next_amount,
        coalesce(
            sum(ended.opportunity_count)
            filter (where ended.furthest_stage_number = stage.stage_number and ended.outcome = 'open'),
            0
        ) as open_count,
        coalesce(
            sum(ended.amount)
            filter (where ended.furthest_stage_number = stage.stage_number and ended.outcome = 'open'),
            0
        ) as open_amount,
        coalesce(
            sum(ended.opportunity_count)
            filter (where ended.furthest_stage_number = stage.stage_number and ended.outcome = 'lost'),
            0
        ) as lost_count,
        coalesce(
            sum(ended.amount)
            filter (where ended.furthest_stage_number = stage.stage_number and ended.outcome = 'lost'),
            0
        ) as lost_amount
    from ended
    inner join stage on ended.furthest_stage_number >= stage.stage_number
    group by
        ended.created_month, ended.region_code, ended.business_unit_code, ended.channel_code, stage.stage,
        stage.stage_number, stage.name_en, stage.name_zh
)

select
    reached.created_month,
    reached.region_code,
    coalesce(region.region_name_en, reached.region_code) as region_name_en,
    coalesce(region.region_name_zh, reached.region_code) as region_name_zh,
    region.sales_region_code,
    reached.business_unit_code,
    reached.channel_code,
    coalesce(channel.name_en, reached.channel_code) as channel_name_en,
    coalesce(channel.name_zh, reached.channel_code) as channel_name_zh,
    reached.stage,
    reached.stage_number,
    reached.name_en as stage_name_en,
    reached.name_zh as stage_name_zh,
    reached.stage_number = max(reached.stage_number) over whole_way as is_furthest,
    reached.reached_count,
    reached.reached_amount,
    reached.next_count,
    reached.next_amount,
    reached.open_count,
    reached.open_amount,
    reached.lost_count,
    reached.lost_amount,
    first_value(reached.reached_count) over whole_way as opportunity_count,
    reached.next_count / reached.reached_count as conversion_ratio,
    :currency as currency
from reached
left join core.core_region as region on reached.region_code = region.region_code
left join core.core_channel as channel on reached.channel_code = channel.channel_code
window whole_way as (
    partition by reached.created_month, reached.region_code, reached.business_unit_code, reached.channel_code
    order by reached.stage_number
    rows between unbounded preceding and unbounded following
)
