-- Grain: one row per salesperson, past ones included, with the name of the newest position.
select distinct on (position.username)
    position.username,
    initcap(replace(position.username, '.', ' ')) as rep_name_en,
    coalesce(position.name, initcap(replace(position.username, '.', ' '))) as rep_name_zh
from core.core_sales_rep as position
order by position.username asc, position.valid_from desc
