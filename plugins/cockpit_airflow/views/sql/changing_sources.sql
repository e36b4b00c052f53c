-- Grain: one row per source whose columns have changed.
select distinct change.source
from ops.schema_change as change
order by change.source
