-- A stop that repeats itself at each try is written once.
insert into ops.schema_change (
    run_id, source, entity, column_name, kind, type_before, type_now, policy, action, suggestion
)
select
    %(run_id)s,
    %(source)s,
    %(entity)s,
    %(column_name)s,
    %(kind)s,
    %(type_before)s,
    %(type_now)s,
    %(policy)s,
    %(action)s,
    %(suggestion)s
where not exists (
    select from (
        select
            kind,
            action,
            type_now
        from ops.schema_change
        where source = %(source)s and entity = %(entity)s and column_name = %(column_name)s
        order by change_id desc
        limit 1
    ) as latest
    where
        latest.kind = %(kind)s
        and latest.action = %(action)s
        and latest.type_now is not distinct from cast(%(type_now)s as text)
);
