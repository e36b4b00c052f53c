-- Grain: one row per task on the page with the rules that held its row back; one more than fits on the page tells
-- whether there are further ones.
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
    statement_timestamp() - task.opened_at as age,
    reasons.rule_ids,
    reasons.messages,
    reasons.messages_zh
from (
    select task.*
    from quality.task as task
    where
        {conditions}
        and {beyond}
    order by {order}
    limit %(limit)s
) as task
cross join lateral (
    select
        coalesce(array_agg(entry.rule_id order by entry.rule_id), '{}') as rule_ids,
        coalesce(array_agg(entry.message order by entry.rule_id), '{}') as messages,
        coalesce(array_agg(entry.message_zh order by entry.rule_id), '{}') as messages_zh
    from quality.quarantine as entry
    where
        entry.source = task.source
        and entry.entity = task.entity
        and entry.key = task.key
        and entry.first_seen_at <= coalesce(task.closed_at, 'infinity')
        and coalesce(entry.released_at, 'infinity') >= task.opened_at
) as reasons
order by {order}
