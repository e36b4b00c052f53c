-- Grain: the task.
select
    task.task_id,
    task.source,
    task.entity,
    task.key,
    task.owner,
    task.state,
    task.batch_id,
    task.opened_at,
    task.closed_at,
    statement_timestamp() - task.opened_at as age
from quality.task as task
where task.task_id = %(task_id)s
