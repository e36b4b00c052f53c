-- Grain: one row per open task that a decision is to be about, with the rules that hold its row back.
select
    task.task_id,
    task.source,
    task.entity,
    task.key,
    task.owner,
    array(
        select entry.rule_id
        from quality.quarantine as entry
        where
            entry.source = task.source
            and entry.entity = task.entity
            and entry.key = task.key
            and entry.released_at is null
        order by entry.rule_id
    ) as rule_ids
from (
    select task.*
    from quality.task as task
    where
        {conditions}
        and (cast(%(numbers)s as bigint []) is null or task.task_id = any(%(numbers)s))
    order by task.task_id
    limit %(limit)s
) as task
order by task.task_id
