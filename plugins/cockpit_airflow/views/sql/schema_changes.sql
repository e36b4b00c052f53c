-- Grain: one row per change, newest first; one more than fits on the page tells whether there are older ones.
select
    change.change_id,
    change.detected_at,
    change.source,
    change.entity,
    change.column_name,
    change.kind,
    change.type_before,
    change.type_now,
    change.policy,
    change.action,
    change.suggestion,
    change.run_id
from ops.schema_change as change
where
    (%(source)s is null or change.source = %(source)s)
    and (%(run_id)s is null or change.run_id = %(run_id)s)
    and (%(before)s is null or change.change_id < %(before)s)
order by change.change_id desc
limit %(limit)s
