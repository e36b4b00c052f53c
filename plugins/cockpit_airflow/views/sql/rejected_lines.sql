-- Grain: one row per rejected line of the batch; one more than fits on the page tells whether there are further ones.
select
    line.file,
    line.line_number,
    line.reason,
    left(line.raw_text, %(text_length)s) as raw_text,
    length(line.raw_text) as text_length
from ops.rejected_line as line
where line.batch_id = %(batch_id)s
order by line.file, line.line_number, line.reason, line.raw_text
limit %(limit)s offset %(offset)s
