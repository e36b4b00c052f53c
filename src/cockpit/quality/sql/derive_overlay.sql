-- One patch per row: for each column the newest correction in force.
with in_force as (
    select distinct on (answer.key, change.key)
        answer.key,
        change.key as column_name,
        change.value -> 'after' as value
    from quality.correction as answer
    cross join jsonb_each(answer.changes) as change (key, value)
    where
        answer.source = %(source)s
        and answer.entity = %(entity)s
        and answer.key = any(%(keys)s)
        and answer.kind = 'correct'
        and not exists (select from quality.correction as undo where undo.undoes = answer.correction_id)
        and not exists (
            select from quality.correction_end as ended
            where ended.correction_id = answer.correction_id and ended.column_name = change.key
        )
    order by answer.key, change.key, answer.correction_id desc
),

patches as (
    select
        key,
        jsonb_object_agg(column_name, value) as patch
    from in_force
    group by key
),

removed as (
    delete from quality.overlay
    where
        source = %(source)s
        and entity = %(entity)s
        and key = any(%(keys)s)
        and key not in (select patches.key from patches)
)

insert into quality.overlay (source, entity, key, patch)
select
    %(source)s,
    %(entity)s,
    key,
    patch
from patches
on conflict (source, entity, key) do update
    set patch = excluded.patch
    where quality.overlay.patch is distinct from excluded.patch;
