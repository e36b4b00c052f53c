-- Of several rows of one key in a batch only the newest is loaded.
-- Keys that occur once, nearly all, are found by hashing and take no part in the sort.
with repeated as (
    select key
    from incoming
    where label = %(label)s and reason is null
    group by key
    having count(*) > 1
),

ranked as (
    select
        incoming.ctid as place,
        row_number() over (
            partition by incoming.key
            order by incoming.position desc nulls last, incoming.ctid desc
        ) as age
    from incoming
    inner join repeated on incoming.key = repeated.key
    where incoming.label = %(label)s and incoming.reason is null
)

delete from incoming
using ranked
where incoming.ctid = ranked.place and ranked.age > 1;
