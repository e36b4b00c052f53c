-- Part of the queries about the queue: which tasks a person asked for; null does not narrow.
task.state = any(%(states)s)
and (%(is_closed)s or task.closed_at is null)
and (%(source)s is null or task.source = %(source)s)
and (%(entity)s is null or task.entity = %(entity)s)
and (%(owner)s is null or task.owner = %(owner)s)
and (
    %(days)s is null
    or task.opened_at < statement_timestamp() - cast(%(days)s as double precision) * interval '1 day'
)
and (
    %(text)s is null
    or strpos(lower(task.key), lower(%(text)s)) > 0
    or strpos(lower(task.owner), lower(%(text)s)) > 0
)
and (
    %(rule)s is null
    or exists (
        select from quality.quarantine as entry
        where
            entry.rule_id = %(rule)s
            and entry.source = task.source
            and entry.entity = task.entity
            and entry.key = task.key
            and case
                when %(is_closed)s
                    then
                        entry.first_seen_at <= coalesce(task.closed_at, 'infinity')
                        and coalesce(entry.released_at, 'infinity') >= task.opened_at
                else entry.released_at is null
            end
    )
)
