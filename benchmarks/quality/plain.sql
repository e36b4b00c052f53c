-- The same failures counted by hand: one scan for what a row shows by itself, one for each pair of equal keys.
select
    count(*) filter (where t.order_number is null),
    count(*) filter (where t.amount is null),
    count(*) filter (where t.currency is null),
    count(*) filter (where t.quantity not between 1 and 1000),
    count(*) filter (where t.unit_price < 0),
    count(*) filter (where t.status not in ('open', 'delivered', 'cancelled')),
    count(*) filter (where t.currency not in ('CNY', 'USD', 'EUR')),
    count(*) filter (where t.phone !~ '^1[3-9][0-9]{9}$'),
    count(*) filter (where t.amount <> t.quantity * t.unit_price),
    count(*) filter (where t.ordered_at > %(as_of)s),
    count(*) filter (where t.shipped_at < t.ordered_at),
    count(*) filter (where t.customer_id not in (select c.customer_id from staging.stg_shop__customer as c)),
    count(*) filter (where cardinality(t.invalid_columns) > 0),
    (
        select coalesce(sum(twice.times), 0)
        from (
            select count(*) as times from staging.stg_shop__line as l group by l.line_id having count(*) > 1
        ) as twice
    ),
    (
        select coalesce(sum(twice.times), 0)
        from (
            select count(*) as times
            from staging.stg_shop__line as l
            group by l.order_number, l.position
            having count(*) > 1
        ) as twice
    )
from staging.stg_shop__line as t
