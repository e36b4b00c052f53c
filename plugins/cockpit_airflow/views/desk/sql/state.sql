-- Grain: one row. While it stays the same, so do the values that the queue can be narrowed to and the texts that wait
-- for a person: rows are held back, released and computed again by builds and checks only.
select
    (select coalesce(max(build.build_id), 0) from ops.model_build as build) as newest_build,
    (select coalesce(max(entry.quarantine_id), 0) from quality.quarantine as entry) as newest_entry,
    (select coalesce(max(assignment.assignment_id), 0) from quality.assignment as assignment) as newest_assignment
