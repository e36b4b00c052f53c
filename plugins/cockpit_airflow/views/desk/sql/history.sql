-- Grain: one row per thing that happened to a row of a source, newest first.
select
    event.at,
    event.kind,
    event.number,
    event.person,
    event.through,
    event.reason,
    event.details
from (
    select
        entry.first_seen_at as at,
        'held' as kind,
        entry.batch_id as number,
        null as person,
        null as through,
        null as reason,
        jsonb_build_object('rule_id', entry.rule_id, 'en', entry.message, 'zh', entry.message_zh) as details
    from quality.quarantine as entry
    where entry.source = %(source)s and entry.entity = %(entity)s and entry.key = %(key)s
    union all
    select
        entry.released_at as at,
        'passed' as kind,
        entry.batch_id as number,
        null as person,
        null as through,
        null as reason,
        jsonb_build_object('rule_id', entry.rule_id, 'en', entry.message, 'zh', entry.message_zh) as details
    from quality.quarantine as entry
    where
        entry.source = %(source)s and entry.entity = %(entity)s and entry.key = %(key)s
        and entry.released_at is not null
    union all
    select
        task.closed_at as at,
        task.state as kind,
        task.task_id as number,
        null as person,
        null as through,
        null as reason,
        null as details
    from quality.task as task
    where
        task.source = %(source)s and task.entity = %(entity)s and task.key = %(key)s
        and task.closed_at is not null
    union all
    select
        answer.made_at as at,
        answer.kind,
        answer.correction_id as number,
        answer.made_by as person,
        answer.made_through as through,
        answer.reason,
        jsonb_build_object(
            'changes', answer.changes,
            'rule_ids', answer.rule_ids,
            'undoes', answer.undoes,
            'needs_approval', answer.needs_approval,
            'is_decided', approval.correction_id is not null,
            'is_undone', undo.correction_id is not null
        ) as details
    from quality.correction as answer
    left join quality.approval as approval on answer.correction_id = approval.correction_id
    left join quality.correction as undo on answer.correction_id = undo.undoes
    where answer.source = %(source)s and answer.entity = %(entity)s and answer.key = %(key)s
    union all
    select
        approval.decided_at as at,
        case when approval.is_approved then 'approved' else 'rejected' end as kind,
        approval.correction_id as number,
        approval.decided_by as person,
        null as through,
        approval.reason,
        null as details
    from quality.approval as approval
    inner join quality.correction as answer on approval.correction_id = answer.correction_id
    where answer.source = %(source)s and answer.entity = %(entity)s and answer.key = %(key)s
    union all
    select
        ended.ended_at as at,
        'ended' as kind,
        ended.correction_id as number,
        null as person,
        null as through,
        null as reason,
        jsonb_build_object('column', ended.column_name, 'batch_id', ended.batch_id) as details
    from quality.correction_end as ended
    inner join quality.correction as answer on ended.correction_id = answer.correction_id
    where answer.source = %(source)s and answer.entity = %(entity)s and answer.key = %(key)s
    union all
    select
        assignment.made_at as at,
        'assigned' as kind,
        assignment.task_id as number,
        assignment.made_by as person,
        null as through,
        assignment.reason,
        jsonb_build_object('before', assignment.owner_before, 'after', assignment.owner_after) as details
    from quality.assignment as assignment
    inner join quality.task as task on assignment.task_id = task.task_id
    where task.source = %(source)s and task.entity = %(entity)s and task.key = %(key)s
    union all
    select
        notice.told_at as at,
        'told' as kind,
        notice.task_id as number,
        notice.person,
        null as through,
        null as reason,
        null as details
    from quality.notice as notice
    inner join quality.task as task on notice.task_id = task.task_id
    where task.source = %(source)s and task.entity = %(entity)s and task.key = %(key)s
) as event
order by event.at desc, event.number desc, event.kind
limit %(limit)s
