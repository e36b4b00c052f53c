-- An unchanged column is not written to.
insert into ops.observed_column as held (source, entity, column_name, type, is_present)
values (%(source)s, %(entity)s, %(column_name)s, %(type)s, %(is_present)s)
on conflict (source, entity, column_name) do update
    set
        type = excluded.type,
        is_present = excluded.is_present,
        changed_at = now()
    where (held.type, held.is_present) is distinct from (excluded.type, excluded.is_present);
