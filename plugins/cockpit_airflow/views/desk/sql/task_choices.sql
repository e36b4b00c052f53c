-- Grain: one row per value that the queue can be narrowed to, with the number of rows behind it.
select
    'entity' as kind,
    task.source,
    task.entity as name,
    count(*) as tasks
from quality.task as task
where task.closed_at is null
group by task.source, task.entity
union all
select
    'owner' as kind,
    null as source,
    task.owner as name,
    count(*) as tasks
from quality.task as task
where task.closed_at is null
group by task.owner
union all
select
    'rule' as kind,
    null as source,
    entry.rule_id as name,
    count(*) as tasks
from quality.quarantine as entry
where entry.released_at is null
group by entry.rule_id
order by tasks desc, name
