-- Grain: one row per (month, region_code, product_category, priority).
-- A ticket counts for the month in which it was opened. Sums stand beside counts: means can be taken of any rows.
with numbered as (
    -- Should a code stand on two products, the first one has it.
    select distinct on (product.product_code)
        product.product_code,
        product.product_category
    from core.core_product as product
    where product.product_code is not null
    order by product.product_code, product.product_key
)

select
    ticket.opened_month as month,
    ticket.region_code,
    coalesce(numbered.product_category, 'unclassified') as product_category,
    coalesce(ticket.priority, 'unknown') as priority,
    count(*) as ticket_count,
    count(*) filter (where ticket.status = 'solved') as solved_count,
    count(*) filter (where ticket.status is distinct from 'solved') as open_count,
    count(ticket.minutes_to_first_reply) as replied_count,
    coalesce(round(sum(ticket.minutes_to_first_reply) / 60, 2), 0) as first_reply_hours_total,
    round(avg(ticket.minutes_to_first_reply) / 60, 2) as first_reply_hours,
    count(ticket.hours_to_solve) as timed_solved_count,
    coalesce(sum(ticket.hours_to_solve), 0) as hours_to_solve_total,
    round(avg(ticket.hours_to_solve), 2) as hours_to_solve,
    count(ticket.satisfaction_score) as rated_count,
    coalesce(sum(ticket.satisfaction_score), 0) as satisfaction_total,
    round(avg(ticket.satisfaction_score), 2) as satisfaction_score,
    count(*) filter (where ticket.reopened_count > 0) as reopened_ticket_count,
    coalesce(sum(ticket.handling_minutes), 0) as handling_minutes,
    count(distinct ticket.customer_key) as customer_count
from core.core_ticket as ticket
left join numbered on ticket.product_code = numbered.product_code
where ticket.opened_month is not null
group by
    ticket.opened_month,
    ticket.region_code,
    coalesce(numbered.product_category, 'unclassified'),
    coalesce(ticket.priority, 'unknown')
