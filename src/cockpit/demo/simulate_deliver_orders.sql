-- Orders that are delivered on the day; the share is drawn by a hash, so that a repeated day picks the same ones.
update sales_order
set
    status = 'delivered',
    updated_at = %(delivered_at)s
where
    status = 'open'
    and order_id <= %(last_order_id)s
    and updated_at < %(delivered_at)s - make_interval(days => %(min_days)s)
    and hashint8extended(order_id, %(day_number)s) %% 1000000 between 0 and %(per_million)s - 1
