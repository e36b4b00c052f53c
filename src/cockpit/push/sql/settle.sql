-- What came of a try; a message that is over keeps no link, which may be a key.
with ended as (
    update push.attempt
    set finished_at = clock_timestamp(), outcome = %(outcome)s
    where attempt_id = %(attempt_id)s
)

update push.outbox
set
    state = %(state)s,
    attempts = attempts - cast(not %(counts)s as integer),
    next_try_at = clock_timestamp() + make_interval(secs => %(wait)s),
    finished_at = case when %(state)s <> 'queued' then clock_timestamp() end,
    link = case when %(state)s = 'queued' then link end,
    answer = %(answer)s
where message_id = %(message_id)s
