-- Texts are needed until they were read; that a message was sent is kept.
update push.outbox
set title = null, text_markdown = null, link = null
where title is not null and finished_at < clock_timestamp() - make_interval(secs => %(seconds)s)
