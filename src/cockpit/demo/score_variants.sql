-- Grain: one row per variant: how many repeats of a customer were put together with its first record.
select
    repeat.variant,
    count(*) as planted_count,
    count(*) filter (where repeat_golden.customer_key = first_golden.customer_key) as found_count
from truth.cluster as repeat
left join core.core_customer_source as repeat_golden
    on repeat.system = repeat_golden.source
    and repeat.key = repeat_golden.source_key
left join core.core_customer_source as first_golden
    on repeat.system = first_golden.source
    and cast(repeat.true_customer_id as text) = first_golden.source_key
where
    repeat.system = :source
    and repeat.entity = 'customer'
    and repeat.variant is not null
group by repeat.variant
order by repeat.variant
