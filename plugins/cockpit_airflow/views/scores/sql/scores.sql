-- Grain: one row per day, place and dimension: the newest day, the days that it is compared with, and the overall score of
-- a quarter for the line.
with newest as (
    select max(score.day) as day
    from quality.score_daily as score
)

select
    newest.day as newest_day,
    score.day,
    score.level,
    score.source,
    score.entity,
    score.column_name,
    score.owner,
    score.dimension,
    score.score,
    score.good,
    score.total
from newest
inner join quality.score_daily as score
    on score.day between newest.day - 91 and newest.day
where
    score.level = %(level)s
    and (%(source)s is null or score.source = %(source)s)
    and (%(entity)s is null or score.entity = %(entity)s)
    and (%(owner)s is null or score.owner = %(owner)s)
    and (
        score.day in (newest.day, newest.day - 7, newest.day - 28)
        or (score.dimension = 'overall' and score.level <> 'column')
    )
order by score.source, score.entity, score.column_name, score.owner, score.day
