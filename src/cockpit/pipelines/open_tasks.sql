-- Grain: one row per open task, the newest first, with the first reason that holds its row back.
with newest as (
    select
        task_id,
        source,
        entity,
        key,
        owner,
        state
    from quality.task
    where closed_at is null and state = 'open' and (%(owner)s is null or owner = %(owner)s)
    order by task_id desc
    limit %(limit)s
)

select
    newest.task_id,
    newest.source,
    newest.entity,
    newest.key,
    newest.owner,
    newest.state,
    coalesce(min(entry.message), '') as message,
    coalesce(min(entry.message_zh), '') as message_zh
from newest
left join quality.quarantine as entry
    on
        newest.source = entry.source
        and newest.entity = entry.entity
        and newest.key = entry.key
        and entry.released_at is null
group by newest.task_id, newest.source, newest.entity, newest.key, newest.owner, newest.state
order by newest.task_id desc
