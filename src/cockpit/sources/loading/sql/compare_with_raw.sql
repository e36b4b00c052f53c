-- Grain: one row per older batch that holds keys of the incoming one.
-- A deleted row that comes back is neither: its batch has been noted as gone already.
select
    held.batch_id,
    count(*) filter (where held.hash <> incoming.hash and held.deleted_at is null) as changed,
    count(*) filter (where held.hash = incoming.hash and held.deleted_at is null) as unchanged
from incoming
inner join {table} as held on incoming.key = held.key
where incoming.label = %(label)s and incoming.reason is null
group by held.batch_id
order by held.batch_id;
