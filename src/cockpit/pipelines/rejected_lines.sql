-- Grain: one row per rejected line of a source, the newest first.
select
    line.entity,
    concat_ws(':', line.file, line.line_number) as place,
    line.reason,
    line.raw_text
from ops.rejected_line as line
where line.source = %s and line.entity = any(%s)
order by line.batch_id desc, line.file, line.line_number
limit %s
