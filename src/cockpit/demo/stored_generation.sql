-- Grain: at most one row: the fill, with the ids and the date that simulated days have moved on.
select
    generation.seed,
    generation.scale,
    generation.as_of,
    generation.business_date,
    coalesce(latest.last_order_id, generation.last_order_id) as last_order_id,
    coalesce(latest.last_receipt_id, generation.last_receipt_id) as last_receipt_id,
    coalesce(latest.business_date, generation.business_date) as last_day
from truth.generation as generation
left join lateral (
    select
        simulated_day.business_date,
        simulated_day.last_order_id,
        simulated_day.last_receipt_id
    from truth.simulated_day
    order by simulated_day.business_date desc
    limit 1
) as latest on true
