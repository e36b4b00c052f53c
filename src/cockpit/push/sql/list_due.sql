-- Grain: one row per channel and connection with messages to send now.
select channel, connection
from push.outbox
where
    state = 'queued'
    and next_try_at <= clock_timestamp()
    and give_up_at > clock_timestamp()
    and attempts < %(tries)s
group by channel, connection
order by min(next_try_at)
