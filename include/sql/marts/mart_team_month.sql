-- Grain: one row per (month, region_code, owner_username, team_code, business_unit_code).
-- Orders and receipts count for the person who owned the customer at that moment, contracts, decisions and contacts for
-- the person who made them, each for the position that this person held on that day; what nobody owned stays, as
-- unknown. Amounts and counts add up over all columns but buyer_count, which adds up within a month.
with credited as (
    select
        sales_order.ordered_month as month,
        sales_order.region_code,
        sales_order.customer_key,
        sales_order.net_amount,
        sales_order.status <> 'cancelled' and not sales_order.is_cancellation as is_counted,
        coalesce(owned.owner_username, 'unknown') as owner_username,
        coalesce(rep.team_code, 'unknown') as team_code,
        coalesce(rep.business_unit_code, 'unknown') as business_unit_code
    from core.core_order as sales_order
    left join core.core_customer_owner as owned
        on
            sales_order.customer_key = owned.customer_key
            and sales_order.ordered_at >= owned.valid_from
            and coalesce(sales_order.ordered_at < owned.valid_to, true)
    left join core.core_sales_rep as rep
        on
            owned.owner_username = rep.username
            and sales_order.ordered_date >= rep.counted_from
            and sales_order.ordered_date < rep.counted_to
),

ordered as (
    select
        credited.month,
        credited.region_code,
        credited.owner_username,
        credited.team_code,
        credited.business_unit_code,
        count(*) filter (where credited.is_counted) as order_count,
        count(distinct credited.customer_key) filter (where credited.is_counted) as buyer_count,
        sum(credited.net_amount) as order_amount
    from credited
    group by
        credited.month, credited.region_code, credited.owner_username, credited.team_code, credited.business_unit_code
),

received as (
    select
        receipt.received_month as month,
        receipt.region_code,
        coalesce(owned.owner_username, 'unknown') as owner_username,
        coalesce(rep.team_code, 'unknown') as team_code,
        coalesce(rep.business_unit_code, 'unknown') as business_unit_code,
        coalesce(sum(receipt.amount), 0) as received_amount
    from core.core_receipt as receipt
    left join core.core_customer_owner as owned
        on
            receipt.customer_key = owned.customer_key
            and receipt.received_at >= owned.valid_from
            and coalesce(receipt.received_at < owned.valid_to, true)
    left join core.core_sales_rep as rep
        on
            owned.owner_username = rep.username
            and receipt.received_date >= rep.counted_from
            and receipt.received_date < rep.counted_to
    group by
        receipt.received_month, receipt.region_code, coalesce(owned.owner_username, 'unknown'),
        coalesce(rep.team_code, 'unknown'), coalesce(rep.business_unit_code, 'unknown')
),

signed as (
    select
        contract.signed_month as month,
        contract.region_code,
        coalesce(contract.owner_username, 'unknown') as owner_username,
        coalesce(contract.team_code, 'unknown') as team_code,
        contract.business_unit_code,
        count(*) filter (where not contract.is_framework and contract.status <> 'terminated') as contract_count,
        coalesce(sum(contract.signed_amount), 0) as signed_amount
    from core.core_contract as contract
    group by
        contract.signed_month, contract.region_code, coalesce(contract.owner_username, 'unknown'),
        coalesce(contract.team_code, 'unknown'), contract.business_unit_code
),

decided as (
    select
        opportunity.closed_month as month,
        opportunity.region_code,
        coalesce(opportunity.owner_username, 'unknown') as owner_username,
        coalesce(opportunity.team_code, 'unknown') as team_code,
        opportunity.business_unit_code,
        count(*) filter (where opportunity.outcome = 'won') as won_count,
        coalesce(sum(opportunity.amount) filter (where opportunity.outcome = 'won'), 0) as won_amount,
        coalesce(sum(opportunity.cycle_days) filter (where opportunity.outcome = 'won'), 0) as won_cycle_days,
        count(*) filter (where opportunity.outcome = 'lost') as lost_count,
        coalesce(sum(opportunity.amount) filter (where opportunity.outcome = 'lost'), 0) as lost_amount
    from core.core_opportunity as opportunity
    where opportunity.closed_month is not null
    group by
        opportunity.closed_month, opportunity.region_code, coalesce(opportunity.owner_username, 'unknown'),
        coalesce(opportunity.team_code, 'unknown'), opportunity.business_unit_code
),

contacted as (
    select
        activity.started_month as month,
        activity.region_code,
        coalesce(activity.owner_username, 'unknown') as owner_username,
        coalesce(activity.team_code, 'unknown') as team_code,
        activity.business_unit_code,
        count(*) as activity_count,
        count(*) filter (where activity.kind = 'visit') as visit_count,
        count(*) filter (where activity.kind = 'call') as call_count,
        coalesce(sum(activity.minutes), 0) as contact_minutes,
        coalesce(sum(activity.minutes) filter (where activity.kind = 'visit'), 0) as visit_minutes,
        coalesce(sum(activity.minutes) filter (where activity.kind = 'call'), 0) as call_minutes
    from core.core_activity as activity
    group by
        activity.started_month, activity.region_code, coalesce(activity.owner_username, 'unknown'),
        coalesce(activity.team_code, 'unknown'), activity.business_unit_code
),

whoever as (
    select
        ordered.month,
        ordered.region_code,
        ordered.owner_username,
        ordered.team_code,
        ordered.business_unit_code
    from ordered
    union
    select
        received.month,
        received.region_code,
        received.owner_username,
        received.team_code,
        received.business_unit_code
    from received
    union
    select
        signed.month,
        signed.region_code,
        signed.owner_username,
        signed.team_code,
        signed.business_unit_code
    from signed
    union
    select
        decided.month,
        decided.region_code,
        decided.owner_username,
        decided.team_code,
        decided.business_unit_code
    from decided
    union
    select
        contacted.month,
        contacted.region_code,
        contacted.owner_username,
        contacted.team_code,
        contacted.business_unit_code
    from contacted
)

select
    whoever.month,
    whoever.region_code,
    whoever.owner_username,
    whoever.team_code,
    whoever.business_unit_code,
    coalesce(region.region_name_en, whoever.region_code) as region_name_en,
    coalesce(region.region_name_zh, whoever.region_code) as region_name_zh,
    region.sales_region_code,
    coalesce(team.name_en, whoever.team_code) as team_name_en,
    coalesce(team.name_zh, whoever.team_code) as team_name_zh,
    coalesce(ordered.order_count, 0) as order_count,
    coalesce(ordered.buyer_count, 0) as buyer_count,
    coalesce(ordered.order_amount, 0) as order_amount,
    ordered.order_amount / nullif(ordered.buyer_count, 0) as amount_per_buyer,
    ordered.order_amount / nullif(ordered.order_count, 0) as amount_per_order,
    coalesce(received.received_amount, 0) as received_amount,
    coalesce(signed.contract_count, 0) as contract_count,
    coalesce(signed.signed_amount, 0) as signed_amount,
    coalesce(decided.won_count, 0) as won_count,
    coalesce(decided.won_amount, 0) as won_amount,
    coalesce(decided.won_cycle_days, 0) as won_cycle_days,
    coalesce(decided.lost_count, 0) as lost_count,
    coalesce(decided.lost_amount, 0) as lost_amount,
    coalesce(contacted.activity_count, 0) as activity_count,
    coalesce(contacted.visit_count, 0) as visit_count,
    coalesce(contacted.call_count, 0) as call_count,
    coalesce(contacted.contact_minutes, 0) as contact_minutes,
    coalesce(contacted.visit_minutes, 0) as visit_minutes,
    coalesce(contacted.call_minutes, 0) as call_minutes,
    coalesce(contacted.contact_minutes - contacted.visit_minutes - contacted.call_minutes, 0) as other_minutes,
    :currency as currency
from whoever
left join ordered
    on
        whoever.month = ordered.month
        and whoever.region_code = ordered.region_code
        and whoever.owner_username = ordered.owner_username
        and whoever.team_code = ordered.team_code
        and whoever.business_unit_code = ordered.business_unit_code
left join received
    on
        whoever.month = received.month
        and whoever.region_code = received.region_code
        and whoever.owner_username = received.owner_username
        and whoever.team_code = received.team_code
        and whoever.business_unit_code = received.business_unit_code
left join signed
    on
        whoever.month = signed.month
        and whoever.region_code = signed.region_code
        and whoever.owner_username = signed.owner_username
        and whoever.team_code = signed.team_code
        and whoever.business_unit_code = signed.business_unit_code
left join decided
    on
        whoever.month = decided.month
        and whoever.region_code = decided.region_code
        and whoever.owner_username = decided.owner_username
        and whoever.team_code = decided.team_code
        and whoever.business_unit_code = decided.business_unit_code
left join contacted
    on
        whoever.month = contacted.month
        and whoever.region_code = contacted.region_code
        and whoever.owner_username = contacted.owner_username
        and whoever.team_code = contacted.team_code
        and whoever.business_unit_code = contacted.business_unit_code
left join core.core_region as region on whoever.region_code = region.region_code
left join core.core_org_unit as team on whoever.team_code = team.org_unit_code
