-- Grain: one row per row of a source, column and thing that a person said about it; is_right says whether the source has it
-- right. The places in braces are its table in raw, its table in staging and who answers for a row.
with told as (
    -- The newest correction of each column that nobody has taken back.
    select distinct on (answer.key, change.key)
        answer.key,
        change.key as column_name,
        raw.payload ->> change.key is not distinct from change.value ->> 'after' as is_right,
        exists (
            select from quality.correction_end as ended
            where ended.correction_id = answer.correction_id and ended.column_name = change.key
        ) as is_ended
    from quality.correction as answer
    cross join lateral jsonb_each(answer.changes) as change
    inner join {raw} as raw on answer.key = raw.key and raw.deleted_at is null
    where
        answer.source = %(source)s
        and answer.entity = %(entity)s
        and answer.kind = 'correct'
        and not exists (select from quality.correction as undo where undo.undoes = answer.correction_id)
    order by answer.key, change.key, answer.correction_id desc
),

confirmed as (
    select distinct waived.key
    from quality.waiver as waived
    inner join {raw} as raw on waived.key = raw.key and waived.raw_hash = raw.hash and raw.deleted_at is null
    where waived.source = %(source)s and waived.entity = %(entity)s
),

sampled as (
    select distinct on (sample.sample_id)
        sample.key,
        answer.answer,
        answer.column_name
    from quality.sample as sample
    inner join quality.sample_answer as answer on sample.sample_id = answer.sample_id
    where sample.source = %(source)s and sample.entity = %(entity)s and sample.week > %(since)s
    order by sample.sample_id asc, answer.answer_id desc
),

said as (
    -- Another value that the source has delivered since is nobody's to judge.
    select
        told.key,
        told.column_name,
        told.is_right
    from told
    where told.is_right or not told.is_ended
    union all
    select
        confirmed.key,
        '' as column_name,
        true as is_right
    from confirmed
    union all
    select
        sampled.key,
        '' as column_name,
        sampled.answer = 'right' as is_right
    from sampled
    where sampled.answer in ('right', 'wrong')
)

select
    {owner} as owner,
    said.column_name,
    count(*) filter (where said.is_right) as good,
    count(*) as total
from said
inner join {staging} as t on said.key = t.source_key
group by 1, 2
