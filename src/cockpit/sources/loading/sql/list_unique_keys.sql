-- Grain: one row per set of columns by which the source itself keeps rows apart, none of them null.
-- A table whose rows are spread over children that inherit from it keeps nothing apart.
select array_agg(attribute.attname order by attribute.attnum) as columns
from pg_index as declared
inner join pg_class as relation on declared.indrelid = relation.oid
inner join pg_attribute as attribute
    on declared.indrelid = attribute.attrelid and attribute.attnum = any(declared.indkey)
where
    declared.indrelid = to_regclass(%(table)s)
    and declared.indisunique
    and declared.indisvalid
    and declared.indpred is null
    and declared.indexprs is null
    and (
        relation.relkind = 'p'
        or not exists (select from pg_inherits where pg_inherits.inhparent = relation.oid)
    )
group by declared.indexrelid
having bool_and(attribute.attnotnull);
