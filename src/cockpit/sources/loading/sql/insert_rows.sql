-- For batches of which raw holds no key yet; a merge would cost a third more.
insert into {table} (key, payload, hash, batch_id)
select
    key,
    payload,
    hash,
    %(batch_id)s
from incoming
where label = %(label)s and reason is null;
