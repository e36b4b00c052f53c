-- Grain: one row per opportunity.
-- It counts for the position that its owner held when it was decided, and while it is open for the present one. The
-- furthest stage is the last of the way that it reached: going back does not take it away, skipped stages count.
-- Amounts are at the rate of the day of the decision, while it is open of the day of entry.
with named as (
    select
        stage.body ->> 'stage' as stage,
        stage.body ->> 'outcome' as outcome,
        cast(stage.body ->> 'number' as integer) as stage_number
    from jsonb_array_elements(cast(:funnel_stages as jsonb)) as stage (body)
),

reached as (
    select
        entered.source,
        entered.opportunity_key,
        max(named.stage_number) filter (where named.outcome = 'open') as stage_number
    from staging.stg_opportunity_stage as entered
    inner join named on entered.stage = named.stage
    group by entered.source, entered.opportunity_key
),

judged as (
    select
        stated.source,
        stated.opportunity_key,
        stated.opportunity_number,
        stated.customer_key,
        stated.contact_key,
        stated.name,
        stated.stage,
        stated.amount,
        stated.currency,
        stated.budget,
        stated.product_category,
        stated.competitor,
        stated.loss_reason,
        stated.owner_username,
        stated.expected_close_date,
        stated.created_at,
        coalesce(named.outcome, 'open') as outcome,
        named.stage_number,
        -- A date of decision on an open opportunity, or none on a decided one, is the CRM's mistake.
        case when named.outcome in ('won', 'lost') then stated.closed_at end as closed_at
    from staging.stg_opportunity as stated
    left join named on stated.stage = named.stage
),

dated as (
    select
        judged.source,
        judged.opportunity_key,
        judged.opportunity_number,
        judged.customer_key,
        judged.contact_key,
        judged.name,
        judged.stage,
        judged.stage_number,
        judged.amount,
        judged.currency,
        judged.budget,
        judged.product_category,
        judged.competitor,
        judged.loss_reason,
        judged.owner_username,
        judged.expected_close_date,
        judged.created_at,
        judged.outcome,
        judged.closed_at,
        cast(judged.created_at as date) as created_date,
        cast(judged.closed_at as date) as closed_date,
        case when coalesce(judged.currency, :currency) = :currency then 1 else rate.rate end as rate
    from judged
    left join core.core_exchange_rate as rate
        on
            nullif(judged.currency, :currency) = rate.currency
            and cast(coalesce(judged.closed_at, judged.created_at) as date) >= rate.valid_from
            and cast(coalesce(judged.closed_at, judged.created_at) as date) < coalesce(rate.valid_to, date 'infinity')
)

select
    dated.source || ':' || dated.opportunity_key as opportunity_key,
    dated.source,
    dated.opportunity_key as source_opportunity_key,
    dated.opportunity_number,
    customer_source.customer_key,
    contact_source.contact_key,
    dated.name,
    dated.stage,
    dated.stage_number,
    greatest(
        case when dated.outcome = 'lost' then 1 else dated.stage_number end, reached.stage_number, 1
    ) as furthest_stage_number,
    dated.outcome,
    round(dated.amount * dated.rate, 2) as amount,
    dated.amount as document_amount,
    dated.currency,
    round(dated.budget * dated.rate, 2) as budget_amount,
    dated.product_category,
    dated.competitor,
    dated.loss_reason,
    dated.owner_username,
    rep.team_code,
    coalesce(rep.business_unit_code, 'unknown') as business_unit_code,
    coalesce(customer.region_code, rep.region_code, 'unknown') as region_code,
    dated.expected_close_date,
    dated.created_at,
    dated.created_date,
    cast(date_trunc('month', dated.created_date) as date) as created_month,
    dated.closed_at,
    dated.closed_date,
    cast(date_trunc('month', dated.closed_date) as date) as closed_month,
    dated.closed_date - dated.created_date as cycle_days
from dated
left join reached on dated.source = reached.source and dated.opportunity_key = reached.opportunity_key
left join core.core_customer_source as customer_source
    on dated.source = customer_source.source and dated.customer_key = customer_source.source_customer_key
left join core.core_customer as customer on customer_source.customer_key = customer.customer_key
left join core.core_contact_source as contact_source
    on dated.source = contact_source.source and dated.contact_key = contact_source.source_contact_key
left join core.core_sales_rep as rep
    on
        dated.owner_username = rep.username
        and coalesce(dated.closed_date >= rep.counted_from, true)
        and coalesce(dated.closed_date < rep.counted_to, rep.counted_to = 'infinity')
