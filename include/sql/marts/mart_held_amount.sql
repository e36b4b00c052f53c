-- Grain: one row per (month, region_code, subject, currency).
-- What a total of the month lacks because rows wait for an answer of their owner.
select
    held.month,
    held.region_code,
    held.subject,
    held.currency,
    held.amount,
    held.row_count,
    held.unknown_count
from quality.held_amount as held
