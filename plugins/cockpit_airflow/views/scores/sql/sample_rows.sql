-- Grain: one row per row of an owner's sample, with its newest answer.
select
    sample.sample_id,
    sample.source,
    sample.entity,
    sample.key,
    sample.question,
    sample.question_zh,
    newest.answer,
    newest.column_name,
    newest.note,
    newest.answered_by,
    newest.answered_at
from quality.sample as sample
left join lateral (
    select answer.*
    from quality.sample_answer as answer
    where answer.sample_id = sample.sample_id
    order by answer.answer_id desc
    limit 1
) as newest on true
where sample.week = %(week)s and sample.owner = %(owner)s
order by sample.sample_id
