-- Grain: one row per salesperson, past ones included, with the name of the newest position. Names tell people apart:
-- what is added up by name must not add up two people.
with person as (
    select distinct on (position.username)
        position.username,
        position.name
    from core.core_sales_rep as position
    order by position.username asc, position.valid_from desc
),

named as (
    select
        person.username,
        person.name,
        initcap(replace(person.username, '.', ' ')) as latin_name,
        count(*) over (partition by person.name) as namesakes
    from person
)

select
    named.username,
    named.latin_name as rep_name_en,
    case
        when named.name is null then named.latin_name
        when named.namesakes > 1 then named.name || ' ' || named.username
        else named.name
    end as rep_name_zh
from named
