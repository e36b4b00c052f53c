-- Grain: one row per (business_unit_code, month): cents signed with tax.
select
    team.business_unit_code,
    to_char(team.month, 'YYYY-MM') as month,
    sum(team.signed_amount) * 100 as value
from marts.mart_team_month as team
group by team.business_unit_code, team.month
