-- Order lines as staging holds them; one in a thousand breaks each of four rules.
insert into staging.stg_shop__customer (source_key, customer_id, batch_id, is_quarantined)
select cast(number as text), 'C' || number, 1, false
from generate_series(1, {customers}) as number;

insert into staging.stg_shop__line (
    source_key, line_id, order_number, position, customer_id, phone, status, currency, quantity, unit_price, amount,
    ordered_at, shipped_at, batch_id, is_quarantined
)
select
    cast(number as text),
    number,
    'SO' || number / 3,
    number % 3,
    case when number % 1000 = 1 then 'nobody' else 'C' || 1 + number % {customers} end,
    case when number % 1000 = 2 then '021-5555' else '138' || lpad(cast(number % 100000000 as text), 8, '0') end,
    (array['open', 'delivered', 'cancelled'])[1 + number % 3],
    'CNY',
    1 + number % 50,
    cast(number % 900 + 1 as numeric) / 10,
    case when number % 1000 = 3 then 0 else (1 + number % 50) * cast(number % 900 + 1 as numeric) / 10 end,
    timestamptz '2024-01-01' + number * interval '1 minute' / 4
    + case when number % 1000 = 4 then interval '90 years' else interval '0' end,
    timestamptz '2024-01-03' + number * interval '1 minute' / 4 + interval '100 years',
    1,
    false
from generate_series(1, {rows}) as number;

analyze staging.stg_shop__customer;
analyze staging.stg_shop__line;
