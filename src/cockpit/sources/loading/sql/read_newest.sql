-- The cursor up to which a whole reading goes.
select cast({newest} as text) as newest
from (
    select {position} as position
    from {table} as record
) as received;
