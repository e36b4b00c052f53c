-- Unchanged rows are not touched, not even locked: a load without news writes nothing.
merge into {table} as held
using (
    select
        key,
        payload,
        hash
    from incoming
    where label = %(label)s and reason is null
) as received
on held.key = received.key
when matched and (held.hash <> received.hash or held.deleted_at is not null) then
    update set
        payload = received.payload,
        hash = received.hash,
        batch_id = %(batch_id)s,
        loaded_at = now(),
        deleted_at = null
when not matched then
    insert (key, payload, hash, batch_id)
    values (received.key, received.payload, received.hash, %(batch_id)s);
