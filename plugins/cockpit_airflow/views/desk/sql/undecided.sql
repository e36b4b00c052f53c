-- Grain: one row per text of a kind that waits for a person, most rows first.
select
    waiting.text,
    sum(waiting.row_count) as row_count,
    array_agg(waiting.place order by waiting.row_count desc, waiting.place) as places,
    result.value,
    result.reason,
    result.confidence,
    result.details
from ({waiting}) as waiting
left join lateral (
    select
        known.value,
        known.reason,
        known.confidence,
        known.details
    from {memory} as known
    where known.text = waiting.text and known.outcome = 'review'
    order by known.standardised_at desc, known.declared
    limit 1
) as result on true
group by waiting.text, result.value, result.reason, result.confidence, result.details
order by row_count desc, waiting.text
