-- Grain: one row per change of a source's columns.
select
    change.change_id,
    change.source,
    change.entity,
    change.column_name,
    change.kind,
    change.type_before,
    change.type_now,
    change.policy,
    change.action,
    change.suggestion,
    change.run_id,
    change.detected_at,
    cast(change.detected_at at time zone :time_zone as date) as detected_date
from ops.schema_change as change
