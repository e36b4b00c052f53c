-- Grain: one row per older batch that holds keys of the incoming one.
select
    held.batch_id,
    count(*) filter (where held.hash <> incoming.hash or held.deleted_at is not null) as changed,
    count(*) filter (where held.hash = incoming.hash and held.deleted_at is null) as unchanged
from incoming
inner join {table} as held on incoming.key = held.key
where incoming.label = %(label)s and incoming.reason is null
group by held.batch_id
order by held.batch_id;
