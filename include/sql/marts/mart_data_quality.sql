-- Grain: one row per (day, level, source, entity, column_name, owner, dimension).
-- A change compares with the very day: where that day has no score, there is no change.
select
    score.day,
    score.level,
    score.source,
    score.entity,
    score.column_name,
    score.owner,
    score.dimension,
    score.score,
    score.good,
    score.total,
    score.score - max(score.score) over (
        partition by score.level, score.source, score.entity, score.column_name, score.owner, score.dimension
        order by score.day range between interval '7 days' preceding and interval '7 days' preceding
    ) as change_7_days,
    score.score - max(score.score) over (
        partition by score.level, score.source, score.entity, score.column_name, score.owner, score.dimension
        order by score.day range between interval '28 days' preceding and interval '28 days' preceding
    ) as change_28_days
from quality.score_daily as score
