-- Messages to people: what is to be sent, what was, and what the providers said; applied at every preparation.

create schema if not exists push;

-- Grain: one row per message, channel and recipient. Addresses are not kept: they are looked up when it is sent.
create table if not exists push.outbox (
    message_id bigint generated always as identity primary key,
    -- Names the cause, such as quality_task/41/1: the same one is queued once.
    idempotency_key text not null,
    topic text not null,
    channel text not null,
    -- The channel's connection; a robot of a single person has one of its own.
    connection text not null,
    -- User name; empty for a group.
    recipient text not null,
    -- Null once the texts have been removed; the link as soon as the message was sent or given up.
    title text,
    text_markdown text,
    link text,
    -- failed: refused, tried too often, or too old.
    state text not null default 'queued' check (state in ('queued', 'sent', 'failed')),
    -- Failed tries and the one under way; waiting for a provider's limit does not count.
    attempts integer not null default 0,
    queued_at timestamptz not null default clock_timestamp(),
    next_try_at timestamptz not null default clock_timestamp(),
    give_up_at timestamptz not null,
    finished_at timestamptz,
    -- What the provider said last, without personal data.
    answer text,
    unique (idempotency_key, channel, recipient)
);

create index if not exists outbox_due on push.outbox (channel, connection, next_try_at) where state = 'queued';
create index if not exists outbox_give_up on push.outbox (give_up_at) where state = 'queued';
create index if not exists outbox_texts on push.outbox (finished_at)
where finished_at is not null and title is not null;

-- Grain: one row per try; by it all senders together keep the pace of a connection.
create table if not exists push.attempt (
    attempt_id bigint generated always as identity primary key,
    message_id bigint not null references push.outbox on delete cascade,
    connection text not null,
    started_at timestamptz not null default clock_timestamp(),
    -- Null while it is under way, and for good when the sender was killed.
    finished_at timestamptz,
    -- limited: the provider takes no more for a while. refused: the channel itself is.
    outcome text check (outcome in ('sent', 'failed', 'again', 'limited', 'refused'))
);

create index if not exists attempt_pace on push.attempt (connection, started_at desc);
create index if not exists attempt_message on push.attempt (message_id);
