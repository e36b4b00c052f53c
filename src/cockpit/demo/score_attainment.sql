-- Grain: one row per region, month and figure that the mart shows otherwise than it is true; no row is no money.
with compared as (
    select
        region_code,
        month,
        figure.name as figure,
        figure.expected,
        figure.found
    from truth.region_month
    full outer join marts.mart_region_attainment using (region_code, month)
    cross join lateral (
        values
        ('received_amount', coalesce(region_month.received_amount, 0), coalesce(mart_region_attainment.received_amount, 0)),
        ('ordered_amount', coalesce(region_month.ordered_amount, 0), coalesce(mart_region_attainment.ordered_amount, 0)),
        ('target_amount', region_month.target_amount, mart_region_attainment.target_amount)
    ) as figure (name, expected, found)
)

select
    compared.region_code,
    compared.month,
    compared.figure,
    compared.expected,
    compared.found
from compared
where compared.expected is distinct from compared.found
order by
    compared.month desc,
    compared.region_code,
    compared.figure
