-- Grain: one row per entity of a source and rule that holds rows back now.
select
    held.entity,
    held.rule_id,
    count(*) as rows,
    min(held.message) as message,
    min(held.message_zh) as message_zh
from quality.quarantine as held
where held.source = %s and held.released_at is null
group by held.entity, held.rule_id
order by held.entity, count(*) desc, held.rule_id
