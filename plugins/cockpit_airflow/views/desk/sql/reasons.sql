-- Grain: one row per rule that held the row back while the task was open.
select
    entry.rule_id,
    entry.message,
    entry.message_zh,
    entry.first_seen_at,
    entry.released_at
from quality.quarantine as entry
where
    entry.source = %(source)s
    and entry.entity = %(entity)s
    and entry.key = %(key)s
    and entry.first_seen_at <= coalesce(cast(%(closed_at)s as timestamptz), 'infinity')
    and coalesce(entry.released_at, 'infinity') >= %(opened_at)s
order by entry.rule_id
