-- Grain: one row per owner that a task has had.
select distinct task.owner
from quality.task as task
