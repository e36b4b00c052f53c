-- Draws so many rows for each owner who has none in the week: spread evenly over the entities, in an order that only the
-- week, the owner and the row decide, so that the draw can be repeated. Rows that are held back are asked for elsewhere.
-- The place in braces is filled with one select (owner, source, entity, key) per entity.
insert into quality.sample (week, owner, source, entity, key, question, question_zh)
with ordered as (
    select
        candidate.owner,
        candidate.source,
        candidate.entity,
        candidate.key,
        row_number() over (
            partition by candidate.owner, candidate.source, candidate.entity
            order by
                md5(concat_ws('/', %(week)s, candidate.owner, candidate.source, candidate.entity, candidate.key)),
                candidate.key
        ) as place_in_entity
    from (
        {candidates}
    ) as candidate
    where not exists (
        select from quality.sample as drawn where drawn.week = %(week)s and drawn.owner = candidate.owner
    )
),

spread as (
    select
        ordered.*,
        -- Who has fewer rows in one entity gets more of another.
        row_number() over (
            partition by ordered.owner
            order by
                ordered.place_in_entity,
                md5(concat_ws('/', %(week)s, ordered.owner, ordered.source, ordered.entity)),
                ordered.source,
                ordered.entity
        ) as place
    from ordered
    where ordered.place_in_entity <= %(rows_per_owner)s
)

select
    %(week)s,
    spread.owner,
    spread.source,
    spread.entity,
    spread.key,
    asked.question,
    asked.question_zh
from spread
inner join jsonb_to_recordset(cast(%(questions)s as jsonb))
as asked (source text, entity text, question text, question_zh text)
    on spread.source = asked.source and spread.entity = asked.entity
where spread.place <= %(rows_per_owner)s
on conflict do nothing
