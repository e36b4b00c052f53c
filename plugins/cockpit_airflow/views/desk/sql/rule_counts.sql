-- Grain: one row per entity and rule with rows that it holds back or warns about now.
select
    entry.source,
    entry.entity,
    entry.rule_id,
    count(*) as held,
    0 as warned
from quality.quarantine as entry
where entry.released_at is null
group by entry.source, entry.entity, entry.rule_id
union all
select
    entry.source,
    entry.entity,
    entry.rule_id,
    0 as held,
    count(*) as warned
from quality.warning as entry
where entry.gone_at is null
group by entry.source, entry.entity, entry.rule_id
