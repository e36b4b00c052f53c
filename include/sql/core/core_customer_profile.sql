-- Grain: one row per golden customer.
-- Days since something are not kept: they follow from the dates, and would change every row every day.
with stage_rule as (
    select
        rule.body ->> 'stage' as stage,
        cast(rule.body ->> 'churn_risk' as numeric) as churn_risk
    from jsonb_array_elements(cast(:lifecycle_stages as jsonb)) as rule (body)
),

cell_rule as (
    select
        rule.body ->> 'cell' as cell,
        rule.body ->> 'id' as cell_id
    from jsonb_array_elements(cast(:rfm_cells as jsonb)) as rule (body)
),

judged_order as (
    select
        sales_order.customer_key,
        sales_order.ordered_date,
        sales_order.net_amount,
        sales_order.net_amount > 0 and not sales_order.is_cancellation as counts,
        sales_order.is_cancellation or sales_order.status = 'cancelled' as is_cancelled,
        sales_order.ordered_date > cast(:business_date as date) - interval '12 months' as is_of_12_months,
        sales_order.ordered_date > cast(:business_date as date) - cast(:rfm_window_days as integer) as is_of_rfm_window
    from core.core_order as sales_order
    where sales_order.customer_key is not null
),

ordered as (
    select
        judged_order.customer_key,
        min(judged_order.ordered_date) filter (where judged_order.counts) as first_order_date,
        max(judged_order.ordered_date) filter (where judged_order.counts) as last_order_date,
        count(*) filter (where judged_order.counts) as order_count,
        count(*) filter (where judged_order.counts and judged_order.is_of_12_months) as order_count_12m,
        count(*) filter (where judged_order.counts and judged_order.is_of_rfm_window) as rfm_order_count,
        count(*) filter (where judged_order.is_cancelled) as cancelled_count,
        sum(judged_order.net_amount) as ordered_amount,
        coalesce(sum(judged_order.net_amount) filter (where judged_order.is_of_12_months), 0) as ordered_amount_12m,
        coalesce(sum(judged_order.net_amount) filter (where judged_order.is_of_rfm_window), 0) as rfm_amount
    from judged_order
    group by judged_order.customer_key
),

received as (
    select
        receipt.customer_key,
        max(receipt.received_date) as last_receipt_date,
        sum(receipt.amount) as received_amount
    from core.core_receipt as receipt
    where receipt.customer_key is not null
    group by receipt.customer_key
),

-- Of what is paid alone, slow payers would look well: what is open has an age of its own.
owed as (
    select
        payment.customer_key,
        round(sum(payment.weighted_days) / nullif(sum(payment.paid_amount), 0), 1) as days_to_pay,
        sum(payment.open_amount) as open_amount,
        min(payment.start_date) filter (where payment.open_amount > 0) as oldest_open_date,
        round(
            sum(payment.open_amount * (:business_date - payment.start_date)) / nullif(sum(payment.open_amount), 0), 1
        ) as open_age_days,
        coalesce(
            sum(payment.open_amount) filter (where :business_date - payment.start_date > :overdue_after_days), 0
        ) as overdue_amount
    from core.core_order_payment as payment
    where payment.customer_key is not null
    group by payment.customer_key
),

served as (
    select
        cost.customer_key,
        sum(cost.amount) as service_cost
    from core.core_service_cost as cost
    where cost.customer_key is not null
    group by cost.customer_key
),

met as (
    select
        activity.customer_key,
        max(activity.started_date) as last_activity_date,
        max(activity.started_date) filter (where activity.kind = 'visit') as last_visit_date,
        count(*) filter (
            where activity.started_date > cast(:business_date as date) - interval '12 months'
        ) as activity_count_12m,
        count(*) filter (
            where
            activity.kind = 'visit'
            and activity.started_date > cast(:business_date as date) - interval '12 months'
        ) as visit_count_12m,
        coalesce(
            sum(activity.minutes) filter (
                where activity.started_date > cast(:business_date as date) - interval '12 months'
            ),
            0
        ) as activity_minutes_12m
    from core.core_activity as activity
    where activity.customer_key is not null
    group by activity.customer_key
),

offered as (
    select
        opportunity.customer_key,
        count(*) filter (where opportunity.outcome = 'open') as open_opportunity_count,
        coalesce(sum(opportunity.amount) filter (where opportunity.outcome = 'open'), 0) as open_opportunity_amount,
        count(*) filter (where opportunity.outcome = 'won') as won_count,
        count(*) filter (where opportunity.outcome = 'lost') as lost_count,
        count(*) filter (
            where opportunity.outcome = 'lost' and opportunity.loss_reason = 'price'
        ) as lost_on_price_count
    from core.core_opportunity as opportunity
    where opportunity.customer_key is not null
    group by opportunity.customer_key
),

visited as (
    select
        session.customer_key,
        max(session.started_date) as last_web_visit_date,
        count(*) filter (where session.started_date > cast(:business_date as date) - 90) as web_visit_count_90d
    from core.core_web_session as session
    where session.customer_key is not null
    group by session.customer_key
),

looked_at as (
    select
        material.customer_key,
        sum(material.view_count) as material_view_count_90d,
        count(distinct material.path) as material_count_90d
    from core.core_material_view as material
    where material.viewed_date > cast(:business_date as date) - 90
    group by material.customer_key
),

asked as (
    select
        ticket.customer_key,
        count(*) as ticket_count,
        count(*) filter (where ticket.status <> 'solved') as open_ticket_count,
        max(ticket.opened_date) as last_ticket_date,
        sum(ticket.satisfaction_score) as score_total,
        count(ticket.satisfaction_score) as score_count
    from core.core_ticket as ticket
    where ticket.customer_key is not null
    group by ticket.customer_key
),

interaction as (
    select
        interaction.customer_key,
        interaction.kind,
        interaction.occurred_date,
        interaction.minutes,
        interaction.satisfaction_score,
        interaction.is_from_customer,
        coalesce(interaction.topic = any(string_to_array(:complaint_topics, ',')), false) as is_complaint,
        interaction.occurred_date > cast(:business_date as date) - interval '12 months' as is_of_12_months
    from core.core_interaction as interaction
    where interaction.customer_key is not null
),

spoken as (
    select
        interaction.customer_key,
        max(interaction.occurred_date) as last_interaction_date,
        count(*) filter (where interaction.kind = 'call' and interaction.is_of_12_months) as call_count_12m,
        coalesce(sum(interaction.minutes) filter (where interaction.is_of_12_months), 0) as call_minutes_12m,
        count(*) filter (where interaction.kind = 'chat' and interaction.is_of_12_months) as chat_count_12m,
        sum(interaction.satisfaction_score) as score_total,
        count(interaction.satisfaction_score) as score_count
    from interaction
    group by interaction.customer_key
),

approach as (
    select
        interaction.customer_key,
        interaction.occurred_date as approached_date,
        interaction.is_complaint
    from interaction
    where interaction.is_from_customer and interaction.occurred_date > cast(:business_date as date) - 210
    union all
    select
        ticket.customer_key,
        ticket.opened_date as approached_date,
        true as is_complaint
    from core.core_ticket as ticket
    where ticket.customer_key is not null and ticket.opened_date > cast(:business_date as date) - 210
),

approached as (
    select
        approach.customer_key,
        count(distinct approach.approached_date) filter (
            where approach.approached_date > cast(:business_date as date) - 30
        ) as asking_days_30d,
        count(*) filter (
            where approach.is_complaint and approach.approached_date > cast(:business_date as date) - 30
        ) as complaint_count_30d,
        count(*) filter (
            where approach.is_complaint and approach.approached_date <= cast(:business_date as date) - 30
        ) as complaint_count_before
    from approach
    group by approach.customer_key
),

current_stage as (
    select
        period.customer_key,
        period.stage,
        period.valid_from
    from core.core_customer_stage as period
    where period.valid_from <= :business_date and coalesce(period.valid_to > :business_date, true)
),

gathered as (
    select
        customer.customer_key,
        customer.customer_name,
        coalesce(customer.region_code, 'unknown') as region_code,
        region.sales_region_code,
        customer.industry,
        customer.owner_username,
        coalesce(hierarchy.group_customer_key, customer.customer_key) as group_customer_key,
        cast(customer.created_at as date) as created_date,
        ordered.first_order_date,
        ordered.last_order_date,
        coalesce(ordered.order_count, 0) as order_count,
        coalesce(ordered.order_count_12m, 0) as order_count_12m,
        coalesce(ordered.cancelled_count, 0) as cancelled_count,
        coalesce(ordered.ordered_amount, 0) as ordered_amount,
        coalesce(ordered.ordered_amount_12m, 0) as ordered_amount_12m,
        coalesce(received.received_amount, 0) as received_amount,
        received.last_receipt_date,
        owed.days_to_pay,
        coalesce(owed.open_amount, 0) as open_amount,
        owed.oldest_open_date,
        owed.open_age_days,
        coalesce(owed.overdue_amount, 0) as overdue_amount,
        coalesce(served.service_cost, 0) as service_cost,
        greatest(asked.last_ticket_date, spoken.last_interaction_date, met.last_activity_date) as last_contact_date,
        met.last_visit_date,
        coalesce(met.visit_count_12m, 0) as visit_count_12m,
        coalesce(met.activity_count_12m, 0) as activity_count_12m,
        coalesce(spoken.call_count_12m, 0) as call_count_12m,
        coalesce(spoken.chat_count_12m, 0) as chat_count_12m,
        coalesce(spoken.call_minutes_12m, 0) + coalesce(met.activity_minutes_12m, 0) as contact_minutes_12m,
        coalesce(approached.asking_days_30d, 0) as asking_days_30d,
        coalesce(asked.ticket_count, 0) as ticket_count,
        coalesce(asked.open_ticket_count, 0) as open_ticket_count,
        asked.last_ticket_date,
        coalesce(offered.open_opportunity_count, 0) as open_opportunity_count,
        coalesce(offered.open_opportunity_amount, 0) as open_opportunity_amount,
        coalesce(offered.won_count, 0) as won_count,
        coalesce(offered.lost_count, 0) as lost_count,
        coalesce(offered.lost_on_price_count, 0) as lost_on_price_count,
        visited.last_web_visit_date,
        coalesce(visited.web_visit_count_90d, 0) as web_visit_count_90d,
        coalesce(looked_at.material_view_count_90d, 0) as material_view_count_90d,
        coalesce(looked_at.material_count_90d, 0) as material_count_90d,
        coalesce(approached.complaint_count_30d, 0) as complaint_count_30d,
        coalesce(approached.complaint_count_before, 0) as complaint_count_before,
        round(
            cast(coalesce(asked.score_total, 0) + coalesce(spoken.score_total, 0) as numeric)
            / nullif(coalesce(asked.score_count, 0) + coalesce(spoken.score_count, 0), 0),
            2
        ) as satisfaction_score,
        coalesce(current_stage.stage, 'prospect') as lifecycle_stage,
        current_stage.valid_from as lifecycle_stage_since,
        case
            when ordered.last_order_date is not null
                then 5 - width_bucket(
                    :business_date - ordered.last_order_date, cast(:rfm_recency_bounds as integer[])
                )
        end as recency_score,
        case
            when ordered.last_order_date is not null
                then 1 + width_bucket(ordered.rfm_order_count, cast(:rfm_frequency_bounds as bigint[]))
        end as frequency_score,
        case
            when ordered.last_order_date is not null
                then 1 + width_bucket(ordered.rfm_amount, cast(:rfm_monetary_bounds as numeric[]))
        end as monetary_score
    from core.core_customer as customer
    left join core.core_region as region on customer.region_code = region.region_code
    left join core.core_customer_hierarchy as hierarchy on customer.customer_key = hierarchy.customer_key
    left join current_stage on customer.customer_key = current_stage.customer_key
    left join ordered on customer.customer_key = ordered.customer_key
    left join received on customer.customer_key = received.customer_key
    left join owed on customer.customer_key = owed.customer_key
    left join served on customer.customer_key = served.customer_key
    left join met on customer.customer_key = met.customer_key
    left join offered on customer.customer_key = offered.customer_key
    left join visited on customer.customer_key = visited.customer_key
    left join looked_at on customer.customer_key = looked_at.customer_key
    left join asked on customer.customer_key = asked.customer_key
    left join spoken on customer.customer_key = spoken.customer_key
    left join approached on customer.customer_key = approached.customer_key
)

select
    gathered.customer_key,
    gathered.customer_name,
    gathered.region_code,
    gathered.sales_region_code,
    gathered.industry,
    gathered.owner_username,
    gathered.group_customer_key,
    gathered.created_date,
    gathered.first_order_date,
    gathered.last_order_date,
    gathered.order_count,
    gathered.order_count_12m,
    gathered.cancelled_count,
    gathered.ordered_amount,
    gathered.ordered_amount_12m,
    gathered.received_amount,
    gathered.last_receipt_date,
    gathered.days_to_pay,
    gathered.open_amount,
    gathered.oldest_open_date,
    gathered.open_age_days,
    gathered.overdue_amount,
    gathered.service_cost,
    gathered.last_contact_date,
    gathered.last_visit_date,
    gathered.visit_count_12m,
    gathered.activity_count_12m,
    gathered.call_count_12m,
    gathered.chat_count_12m,
    gathered.contact_minutes_12m,
    gathered.asking_days_30d,
    gathered.ticket_count,
    gathered.open_ticket_count,
    gathered.last_ticket_date,
    gathered.open_opportunity_count,
    gathered.open_opportunity_amount,
    gathered.won_count,
    gathered.lost_count,
    gathered.lost_on_price_count,
    gathered.last_web_visit_date,
    gathered.web_visit_count_90d,
    gathered.material_view_count_90d,
    gathered.material_count_90d,
    gathered.complaint_count_30d,
    gathered.complaint_count_before,
    gathered.satisfaction_score,
    gathered.lifecycle_stage,
    gathered.lifecycle_stage_since,
    stage_rule.churn_risk,
    round((gathered.ordered_amount - gathered.service_cost) / stage_rule.churn_risk, 2) as lifetime_value,
    gathered.recency_score,
    gathered.frequency_score,
    gathered.monetary_score,
    cell_rule.cell_id as rfm_cell
from gathered
left join stage_rule on gathered.lifecycle_stage = stage_rule.stage
left join cell_rule
    on
        case when gathered.recency_score >= :rfm_high_from then 'H' else 'L' end
        || case when gathered.frequency_score >= :rfm_high_from then 'H' else 'L' end
        || case when gathered.monetary_score >= :rfm_high_from then 'H' else 'L' end = cell_rule.cell
        and gathered.recency_score is not null
