-- Takes the next message of a connection: from now on it counts as tried, and if nothing is heard of this sender before
-- the lease is over, another one takes it.
with next_message as (
    select message_id
    from push.outbox
    where
        channel = %(channel)s
        and connection = %(connection)s
        and state = 'queued'
        and next_try_at <= clock_timestamp()
        and give_up_at > clock_timestamp()
        and attempts < %(tries)s
    order by next_try_at, message_id
    limit 1
    for update skip locked
),

claimed as (
    update push.outbox as message
    set
        attempts = message.attempts + 1,
        next_try_at = clock_timestamp() + make_interval(secs => %(lease)s)
    from next_message
    where message.message_id = next_message.message_id
    returning message.message_id, message.connection, message.attempts
),

noted as (
    insert into push.attempt (message_id, connection)
    select message_id, connection from claimed
    returning attempt_id
)

select
    claimed.message_id,
    claimed.attempts,
    noted.attempt_id
from claimed
cross join noted
