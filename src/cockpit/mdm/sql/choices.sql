-- Grain: one row per thing that the queue of an entity can be narrowed by, with the pairs that have it.
with waiting as (
    select pair.left_record, pair.right_record, pair.reasons
    from mdm.pair as pair
    where
        pair.entity = %(entity)s
        and case
            when %(is_vetoed)s then pair.outcome = 'no' and pair.reasons ->> 'veto' is not null
            else pair.outcome = 'review'
        end
)

select 'source' as kind, side.source as name, count(*) as pairs
from waiting
cross join lateral (
    select split_part(waiting.left_record, ':', 1) as source
    union
    select split_part(waiting.right_record, ':', 1)
) as side
group by side.source
union all
select
    case when cast(comparison.content ->> 'weight' as float) > 0 then 'agree' else 'differ' end as kind,
    comparison.content ->> 'name' as name,
    count(*) as pairs
from waiting
cross join lateral jsonb_array_elements(waiting.reasons -> 'comparisons') as comparison (content)
where cast(comparison.content ->> 'weight' as float) <> 0
group by 1, 2
union all
select 'veto' as kind, waiting.reasons ->> 'veto' as name, count(*) as pairs
from waiting
where waiting.reasons ->> 'veto' is not null
group by 2
order by kind, pairs desc, name
