-- Grain: one row per kind of trap: pairs of records of different companies with near names that reached core, and how
-- many of them have one golden key.
select
    trap_pair.kind,
    count(*) as planted_count,
    count(*) filter (where one.customer_key = other.customer_key) as merged_count
from truth.trap_pair
inner join core.core_customer_source as one
    on trap_pair.left_source = one.source
    and trap_pair.left_key = one.source_key
inner join core.core_customer_source as other
    on trap_pair.right_source = other.source
    and trap_pair.right_key = other.source_key
group by trap_pair.kind
order by trap_pair.kind
