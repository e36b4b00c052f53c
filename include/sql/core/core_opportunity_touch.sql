-- Grain: one row per touch of a customer within :attribution_window_days before an opportunity of theirs was decided.
-- A touch counts for each opportunity that it lies before. Open opportunities are not decided and have no rows.
select
    opportunity.opportunity_key,
    touch.touch_key,
    opportunity.customer_key,
    row_number() over (
        partition by opportunity.opportunity_key
        order by touch.touched_at, touch.touch_key
    ) as touch_number,
    touch.touched_at,
    extract(epoch from opportunity.closed_at - touch.touched_at) / 86400 as days_before,
    touch.kind,
    touch.channel_code,
    touch.campaign,
    opportunity.outcome,
    opportunity.closed_month,
    opportunity.amount
from core.core_opportunity as opportunity
inner join core.core_touch as touch
    on
        opportunity.customer_key = touch.customer_key
        and opportunity.closed_at >= touch.touched_at
        and opportunity.closed_at <= touch.touched_at + :attribution_window_days * interval '1 day'
where opportunity.outcome in ('won', 'lost')
