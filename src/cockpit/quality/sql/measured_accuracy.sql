-- Grain: one row per owner, source and entity with sampled rows since a week; null owner, source or entity stand for all of
-- them. Automatic is the newest score of accuracy for the same rows.
with newest_answer as (
    select distinct on (answer.sample_id)
        answer.sample_id,
        answer.answer
    from quality.sample_answer as answer
    order by answer.sample_id asc, answer.answer_id desc
),

counted as (
    select
        sample.owner,
        sample.source,
        sample.entity,
        count(*) as drawn,
        count(*) filter (where newest_answer.answer = 'right') as right_count,
        count(*) filter (where newest_answer.answer = 'wrong') as wrong_count,
        count(*) filter (where newest_answer.answer = 'unknown') as unknown_count
    from quality.sample as sample
    left join newest_answer on sample.sample_id = newest_answer.sample_id
    where sample.week > %(since)s
    group by grouping sets ((), (sample.owner), (sample.source, sample.entity))
),

automatic as (
    select
        score.level,
        score.owner,
        score.source,
        score.entity,
        score.score
    from quality.score_daily as score
    where
        score.day = (select max(latest.day) from quality.score_daily as latest)
        and score.dimension = 'accuracy'
        and (score.level in ('company', 'entity') or (score.level = 'owner' and score.entity = ''))
)

select
    counted.owner,
    counted.source,
    counted.entity,
    counted.drawn,
    counted.right_count,
    counted.wrong_count,
    counted.unknown_count,
    automatic.score as automatic
from counted
left join automatic
    on
        automatic.level = case
            when counted.owner is not null then 'owner' when counted.entity is not null then 'entity' else 'company'
        end
        and automatic.owner = coalesce(counted.owner, '')
        and automatic.source = coalesce(counted.source, '')
        and automatic.entity = coalesce(counted.entity, '')
where counted.drawn > 0
order by counted.owner nulls first, counted.source nulls first, counted.entity
