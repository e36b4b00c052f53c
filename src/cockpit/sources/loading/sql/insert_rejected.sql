insert into ops.rejected_line (batch_id, source, entity, file, line_number, reason, raw_text)
select
    %(batch_id)s,
    %(source)s,
    %(entity)s,
    %(file)s,
    line_number,
    reason,
    raw_text
from incoming
where label = %(label)s and reason is not null;
