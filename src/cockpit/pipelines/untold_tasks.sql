-- Grain: one row per open task of a source, with its reasons and who holds a link that still opens it.
select
    task.task_id,
    task.link_version,
    task.entity,
    task.key,
    task.owner,
    array_agg(entry.message order by entry.rule_id) as messages,
    array_agg(entry.message_zh order by entry.rule_id) as messages_zh,
    array(
        select notice.person
        from quality.notice as notice
        where
            notice.task_id = task.task_id
            and notice.link_version = task.link_version
            and notice.expires_at > clock_timestamp()
    ) as told
from quality.task as task
inner join quality.quarantine as entry
    on
        task.source = entry.source
        and task.entity = entry.entity
        and task.key = entry.key
        and entry.released_at is null
where task.source = %(source)s and task.state = 'open' and task.closed_at is null
group by task.task_id
order by task.task_id
