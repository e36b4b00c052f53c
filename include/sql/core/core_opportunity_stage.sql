-- Grain: one row per (opportunity_key, entry_number): a stay in a stage.
-- An entry into the stage in which the opportunity already is continues the stay.
with named as (
    select
        stage.body ->> 'stage' as stage,
        cast(stage.body ->> 'number' as integer) as stage_number
    from jsonb_array_elements(cast(:funnel_stages as jsonb)) as stage (body)
),

entry as (
    select
        entered.source,
        entered.opportunity_key,
        entered.history_key,
        entered.stage,
        entered.entered_at,
        entered.changed_by,
        lag(entered.stage) over (
            partition by entered.source, entered.opportunity_key order by entered.entered_at, entered.history_key
        ) as previous_stage
    from staging.stg_opportunity_stage as entered
    where entered.entered_at is not null
),

stay as (
    select
        entry.source,
        entry.opportunity_key,
        entry.stage,
        entry.entered_at,
        entry.changed_by,
        row_number() over in_order as entry_number,
        lead(entry.entered_at) over in_order as left_at,
        lead(entry.stage) over in_order as next_stage
    from entry
    where entry.stage is distinct from entry.previous_stage
    window in_order as (
        partition by entry.source, entry.opportunity_key order by entry.entered_at, entry.history_key
    )
)

select
    stay.source || ':' || stay.opportunity_key as opportunity_key,
    stay.source || ':' || stay.opportunity_key || ':' || stay.entry_number as stay_key,
    cast(stay.entry_number as integer) as entry_number,
    stay.source,
    stay.opportunity_key as source_opportunity_key,
    opportunity.customer_key,
    stay.stage,
    named.stage_number,
    stay.entered_at,
    stay.left_at,
    stay.next_stage,
    round(cast(extract(epoch from stay.left_at - stay.entered_at) / 86400 as numeric), 2) as dwell_days,
    stay.changed_by
from stay
left join named on stay.stage = named.stage
left join core.core_opportunity as opportunity
    on stay.source = opportunity.source and stay.opportunity_key = opportunity.source_opportunity_key
