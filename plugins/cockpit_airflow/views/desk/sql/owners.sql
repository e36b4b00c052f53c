-- Grain: one row per owner of an open task.
select distinct task.owner
from quality.task as task
where task.closed_at is null
