-- Grain of the result: one row per correction and column that ended.
insert into quality.correction_end (correction_id, column_name, batch_id)
select
    answer.correction_id,
    change.key,
    held.batch_id
from quality.overlay as overlay
inner join quality.correction as answer
    on overlay.source = answer.source and overlay.entity = answer.entity and overlay.key = answer.key
cross join jsonb_each(answer.changes) as change (key, value)
inner join {raw_table} as held on overlay.key = held.key
where
    overlay.source = %(source)s
    and overlay.entity = %(entity)s
    and answer.kind = 'correct'
    and (held.payload ->> change.key) is distinct from (change.value ->> 'before')
    and not exists (select from quality.correction as undo where undo.undoes = answer.correction_id)
on conflict (correction_id, column_name) do nothing
returning (select answer.key from quality.correction as answer where answer.correction_id = correction_end.correction_id);
