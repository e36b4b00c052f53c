-- Grain: one row per month of creation: share of the decided opportunities that were won.
select
    to_char(opportunity.created_month, 'YYYY-MM') as month,
    cast(count(*) filter (where opportunity.outcome = 'won') as numeric) / count(*) as value
from marts.mart_opportunity as opportunity
where opportunity.outcome in ('won', 'lost')
group by opportunity.created_month
