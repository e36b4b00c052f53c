-- Grain: one row per state of open tasks that fit what the person asked for.
select
    task.state,
    count(*) as tasks
from quality.task as task
where {conditions}
group by task.state
