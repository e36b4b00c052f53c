-- Grain: one row per (subject, currency).
select
    held.subject,
    held.currency,
    sum(held.amount) as amount,
    sum(held.row_count) as row_count
from quality.held_amount as held
group by held.subject, held.currency
order by held.subject, held.currency
