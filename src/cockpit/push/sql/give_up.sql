-- Messages that are too old, and those whose senders were killed again and again; one that is being sent is left alone.
with hopeless as (
    select message_id
    from push.outbox
    where
        state = 'queued'
        and (
            give_up_at <= clock_timestamp()
            or (attempts >= %(tries)s and next_try_at <= clock_timestamp())
        )
    for update skip locked
)

update push.outbox as message
set
    state = 'failed',
    finished_at = clock_timestamp(),
    link = null,
    answer = coalesce(message.answer || '; ', '') || 'given up'
from hopeless
where message.message_id = hopeless.message_id
