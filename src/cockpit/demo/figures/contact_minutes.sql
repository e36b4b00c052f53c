-- Grain: one row per (owner_username, month): minutes of contact.
select
    team.owner_username,
    to_char(team.month, 'YYYY-MM') as month,
    sum(team.contact_minutes) as value
from marts.mart_team_month as team
group by team.owner_username, team.month
