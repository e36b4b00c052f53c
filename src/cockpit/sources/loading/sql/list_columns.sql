-- Grain: one row per column of the source's table, in its own order.
select
    attname as name,
    format_type(atttypid, atttypmod) as type
from pg_attribute
where attrelid = to_regclass(%(table)s) and attnum > 0 and not attisdropped
order by attnum;
