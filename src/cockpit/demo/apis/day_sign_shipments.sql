-- Shipments on the way that arrive on the day: those of orders that the ERP delivers, and a share of the others.
update scm_shipment
set
    status = 'SIGNED',
    shipped_at = coalesce(shipped_at, :as_of - interval '1 day'),
    signed_at = :as_of - interval '20 minutes',
    changed_at = :as_of
where
    signed_at is null
    and (
        order_number = any(cast(:delivered as text[]))
        or (shipment_id * 7919 + :shift) % 1000000 < :per_million
    )
