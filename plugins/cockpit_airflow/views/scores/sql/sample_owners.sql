-- Grain: one row per owner with a sample in the week.
select
    sample.owner,
    count(*) as drawn,
    count(*) filter (
        where exists (select from quality.sample_answer as answer where answer.sample_id = sample.sample_id)
    ) as answered
from quality.sample as sample
where sample.week = %(week)s
group by sample.owner
order by sample.owner
