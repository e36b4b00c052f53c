-- The share of the open tickets that is solved on the day.
update desk_ticket
set
    first_reply_at = coalesce(first_reply_at, :as_of - interval '2 hours'),
    solved_at = :as_of - interval '10 minutes',
    changed_at = :as_of
where
    solved_at is null
    and (ticket_id * 7919 + :shift) % 1000000 < :per_million
