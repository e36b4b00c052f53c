-- Orders that are delivered on the day; the share is drawn by a hash, so that a repeated day picks the same ones.
update sales_order
set
    status = 'delivered',
    updated_at = :delivered_at
where
    status = 'open'
    and order_id <= :last_order_id
    and updated_at < :delivered_at - make_interval(days => :min_days)
    and abs(hashint8extended(order_id, :day_number) % 1000000) < :per_million
