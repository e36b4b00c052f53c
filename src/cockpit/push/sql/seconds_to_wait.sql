-- Seconds until a connection may be used again. A try counts until a full period after it ended, because in between it
-- arrived at the provider; one whose sender was killed ended at the latest when its lease did.
with recent as (
    select
        coalesce(finished_at, started_at + make_interval(secs => %(lease)s)) as ended_at,
        coalesce(outcome = 'limited', false) as is_limited
    from push.attempt
    where
        connection = %(connection)s
        and started_at > clock_timestamp() - make_interval(secs => %(lease)s + greatest(%(period)s, %(pause)s))
),

full_until as (
    select ended_at + make_interval(secs => %(period)s) as free_at
    from recent
    order by ended_at desc
    offset %(messages)s - 1
    limit 1
),

paused_until as (
    select max(ended_at) + make_interval(secs => %(pause)s) as free_at
    from recent
    where is_limited
)

select
    coalesce(
        cast(extract(epoch from greatest(
            (select free_at from full_until), (select free_at from paused_until)
        ) - clock_timestamp()) as float8),
        0
    ) as seconds
