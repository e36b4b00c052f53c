-- Grain: one row per value that a completion rule found, and per refusal in force whose value nobody finds now.
-- `state`: filled, conflict, refused; refused_next and back_next until the next run; refused_unseen.
with refusal as (
    select
        refusal_id,
        entity,
        source,
        key,
        column_name,
        value,
        rule_id
    from quality.completion_refusal
    where undone_at is null
),

listed as (
    select
        completion.entity,
        completion.source,
        completion.source_key as key,
        completion.column_name,
        completion.rule_id,
        coalesce(completion.value, array_to_string(completion.candidates, ' | '), '') as value,
        case
            when completion.outcome = 'filled' and refusal.refusal_id is not null then 'refused_next'
            when completion.outcome = 'refused' and refusal.refusal_id is null then 'back_next'
            else completion.outcome
        end as state,
        completion.from_entity,
        completion.from_key,
        refusal.refusal_id
    from quality.completion as completion
    left join refusal
        on
            completion.entity = refusal.entity
            and completion.source = refusal.source
            and completion.source_key = refusal.key
            and completion.column_name = refusal.column_name
            and completion.value = refusal.value
    union all
    select
        refusal.entity,
        refusal.source,
        refusal.key,
        refusal.column_name,
        refusal.rule_id,
        refusal.value,
        'refused_unseen' as state,
        '' as from_entity,
        '' as from_key,
        refusal.refusal_id
    from refusal
    where
        not exists (
            select 1
            from quality.completion as completion
            where
                completion.entity = refusal.entity
                and completion.source = refusal.source
                and completion.source_key = refusal.key
                and completion.column_name = refusal.column_name
                and completion.value = refusal.value
        )
)

select
    entity,
    source,
    key,
    column_name,
    rule_id,
    value,
    state,
    from_entity,
    from_key,
    refusal_id,
    count(*) over () as found_count
from listed
where
    (%(entity)s is null or entity = %(entity)s)
    and (%(rule)s is null or rule_id = %(rule)s)
    and (%(state)s is null or split_part(state, '_', 1) = %(state)s)
order by entity, source, key, column_name, state = 'refused_unseen', refusal_id
limit %(limit)s
