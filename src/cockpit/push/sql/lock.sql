-- The message of a claim, unless it was sent or claimed by another sender since; locked while it is being sent.
select idempotency_key, recipient, title, text_markdown, link
from push.outbox
where message_id = %(message_id)s and attempts = %(attempts)s and state = 'queued'
for update skip locked
