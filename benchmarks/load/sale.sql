-- Grain: one row per sale; 8 columns of the types that an ERP's tables have, with Chinese texts.
-- In {changed_percent} of 100 rows, evenly spread, the amount is another one than with 0.
create table {table} as
select
    number as id,
    (array['上海', '北京', '广州', '深圳', '杭州', '成都', '武汉'])[1 + number % 7]
    || '华星' || number % 50000 || '科技有限公司' as customer,
    '压力传感器 PT-' || number % 997 || ' (0-10 bar)' as product,
    cast((number * 7919 % 1000000) / 100.0 + case when number % 100 < {changed_percent} then {changed_percent} else 0 end
        as numeric(12, 2)) as amount,
    date '2020-01-01' + cast(number % 2000 as integer) as ordered_on,
    timestamptz '2020-01-01 00:00:00.123456+08' + number * interval '61 seconds' as changed_at,
    number % 3 = 0 as is_paid,
    'CN-' || lpad(cast(number % 31 as text), 2, '0') as region_code
from generate_series(cast(1 as bigint), {rows}) as number;
