-- Grain: one row per variant: how many repeats of a customer were put together with its first record.
select
    repeat.variant,
    count(*) as planted_count,
    count(*) filter (where repeat_golden.customer_key = first_golden.customer_key) as found_count
from truth.customer_cluster as repeat
left join core.core_customer_source as repeat_golden
    on repeat_golden.source = :source
    and repeat_golden.source_key = cast(repeat.customer_id as text)
left join core.core_customer_source as first_golden
    on first_golden.source = :source
    and first_golden.source_key = cast(repeat.true_customer_id as text)
where repeat.variant is not null
group by repeat.variant
order by repeat.variant
