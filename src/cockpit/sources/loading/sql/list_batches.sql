-- Grain: one row per label of the transaction, in order of arrival.
select
    label,
    count(*) as received,
    count(reason) as rejected,
    coalesce(sum(pg_column_size(payload)), 0) as bytes,
    cast(min(position) as text) as first_position,
    cast(greatest({newest}, cast(%(cursor)s as {position_type})) as text) as last_position
from incoming
group by label
order by min(position) nulls first;
