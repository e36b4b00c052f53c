-- Results of checks and the rows that they hold back; applied at every preparation of a workspace.

create schema if not exists quality;

-- Grain: one row per row of a source and rule that it failed, per period in which it failed.
create table if not exists quality.quarantine (
    quarantine_id bigint generated always as identity primary key,
    source text not null,
    entity text not null,
    key text not null,
    rule_id text not null,
    batch_id bigint not null,
    message text not null,
    message_zh text not null,
    first_seen_at timestamptz not null default now(),
    -- Null while the row is held back; set when it passes again or has left the source.
    released_at timestamptz
);

create unique index if not exists quarantine_open on quality.quarantine (source, entity, key, rule_id)
where released_at is null;

-- Grain: one row per run of one check.
create table if not exists quality.check_result (
    run_id text not null,
    model text not null,
    rule_id text not null,
    on_fail text not null,
    passed boolean not null,
    row_count bigint not null,
    failed_count bigint not null,
    checked_at timestamptz not null default now()
);

create index if not exists check_result_latest on quality.check_result (model, checked_at desc);

-- Grain: one row per period in which a row is held back: what its owner is asked to settle.
create table if not exists quality.task (
    task_id bigint generated always as identity primary key,
    source text not null,
    entity text not null,
    key text not null,
    -- User name of the person, or the unit, that answers for the row.
    owner text not null,
    batch_id bigint not null,
    -- open: nobody has answered. waiting: a confirmation needs a second person. answered: the next run applies the
    -- answer. released: the row has passed or was confirmed. gone: the row has left the source.
    state text not null default 'open' check (state in ('open', 'waiting', 'answered', 'released', 'gone')),
    -- Part of the links that were sent; a new number makes the old links useless.
    link_version integer not null default 1,
    opened_at timestamptz not null default now(),
    closed_at timestamptz
);

create unique index if not exists task_open on quality.task (source, entity, key) where closed_at is null;
create index if not exists task_queue on quality.task (state, opened_at desc) where closed_at is null;
create index if not exists task_owner on quality.task (owner, state) where closed_at is null;

-- Grain: one row per answer of a person about a row; never changed. What happened to it later stands in further rows.
create table if not exists quality.correction (
    correction_id bigint generated always as identity primary key,
    task_id bigint references quality.task,
    source text not null,
    entity text not null,
    key text not null,
    -- correct: other values. confirm: the row is right as it is. undo: an earlier answer is taken back.
    kind text not null check (kind in ('correct', 'confirm', 'undo')),
    -- For correct: the source's name of the column -> {"before": text or null, "after": text or null}.
    changes jsonb,
    -- For confirm: the rules that do not count for this version of the row.
    rule_ids text [] not null default '{}',
    -- Hash of the row in raw, the version that the answer is about.
    raw_hash bytea,
    needs_approval boolean not null default false,
    undoes bigint references quality.correction,
    reason text not null,
    made_by text not null,
    made_through text not null check (made_through in ('desk', 'link', 'cli')),
    made_at timestamptz not null default clock_timestamp(),
    check ((kind = 'correct') = (changes is not null)),
    check ((kind = 'undo') = (undoes is not null))
);

create index if not exists correction_row on quality.correction (source, entity, key, correction_id);
create unique index if not exists correction_undone_once on quality.correction (undoes) where undoes is not null;

-- Grain: one row per confirmation that a second person has looked at; never changed.
create table if not exists quality.approval (
    correction_id bigint primary key references quality.correction,
    is_approved boolean not null,
    reason text not null,
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp()
);

-- Grain: one row per corrected column whose source has since delivered another value; never changed.
create table if not exists quality.correction_end (
    correction_id bigint not null references quality.correction,
    column_name text not null,
    batch_id bigint not null,
    ended_at timestamptz not null default clock_timestamp(),
    primary key (correction_id, column_name)
);

-- Grain: one row per row of a source with corrections in force. Derived from the tables above; staging lays `patch`
-- over what raw holds.
create table if not exists quality.overlay (
    source text not null,
    entity text not null,
    key text not null,
    patch jsonb not null,
    primary key (source, entity, key)
);

-- Grain: one row per confirmation in force and rule that it waives.
create or replace view quality.waiver as
select
    answer.source,
    answer.entity,
    answer.key,
    waived.rule_id,
    answer.raw_hash,
    answer.correction_id
from quality.correction as answer
cross join unnest(answer.rule_ids) as waived (rule_id)
left join quality.approval as approval on answer.correction_id = approval.correction_id
where
    answer.kind = 'confirm'
    and (not answer.needs_approval or approval.is_approved)
    and not exists (select from quality.correction as undo where undo.undoes = answer.correction_id);

-- Grain: one row per decision of a steward on what a text stands for; the newest in force counts.
create table if not exists quality.decision (
    decision_id bigint generated always as identity primary key,
    kind text not null,
    -- Without differences of width, script and case.
    text text not null,
    -- Another text that the kind's rule understands, such as the code of a lead source.
    answer text not null,
    reason text not null,
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp(),
    undone_by text,
    undone_at timestamptz
);

create index if not exists decision_text on quality.decision (kind, text);

-- An owner's rights cannot be revoked for good, so triggers keep what people did from being rewritten.
create or replace function quality.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception '%.% is written once and never changed', tg_table_schema, tg_table_name
        using errcode = 'object_not_in_prerequisite_state';
end
$$;

create or replace trigger correction_is_final
before update or delete or truncate on quality.correction
for each statement execute function quality.refuse_change();

create or replace trigger approval_is_final
before update or delete or truncate on quality.approval
for each statement execute function quality.refuse_change();

create or replace trigger correction_end_is_final
before update or delete or truncate on quality.correction_end
for each statement execute function quality.refuse_change();

-- Grain: one row per row of a source and rule that warns about it, per period in which it did; the row itself goes on.
create table if not exists quality.warning (
    warning_id bigint generated always as identity primary key,
    source text not null,
    entity text not null,
    key text not null,
    rule_id text not null,
    batch_id bigint not null,
    first_seen_at timestamptz not null default now(),
    -- Null while the rule warns about the row; set when it no longer does, or the row has left the source.
    gone_at timestamptz
);

create unique index if not exists warning_open on quality.warning (source, entity, key, rule_id)
where gone_at is null;

-- Grain: one row per link to a task that a person was sent.
create table if not exists quality.notice (
    notice_id bigint generated always as identity primary key,
    task_id bigint not null references quality.task,
    link_version integer not null,
    person text not null,
    told_at timestamptz not null default clock_timestamp(),
    -- From then on the link opens nothing, and the person is told again while the task is open.
    expires_at timestamptz not null
);

create index if not exists notice_task on quality.notice (task_id, link_version);

-- Grain: one row per day, thing that is scored and dimension; `overall` is the weighted mean of the others.
create table if not exists quality.score_daily (
    day date not null,
    level text not null check (level in ('company', 'source', 'entity', 'column', 'owner')),
    -- Empty where the level has none: an owner's row without entity is about all of their rows.
    source text not null default '',
    entity text not null default '',
    column_name text not null default '',
    owner text not null default '',
    dimension text not null,
    -- What was counted; null where scores of different things are averaged.
    good bigint,
    total bigint,
    -- 0 to 1. What cannot be measured has no row.
    score numeric not null check (score between 0 and 1),
    primary key (day, level, source, entity, column_name, owner, dimension)
);

-- Grain: one row per entity: from which state of its tables and rules its newest scores were computed.
create table if not exists quality.score_state (
    source text not null,
    entity text not null,
    fingerprint text not null,
    day date not null,
    primary key (source, entity)
);

-- Grain: one row per row that an owner is asked to look at in a week.
create table if not exists quality.sample (
    sample_id bigint generated always as identity primary key,
    -- Monday of the week.
    week date not null,
    owner text not null,
    source text not null,
    entity text not null,
    key text not null,
    question text not null,
    question_zh text not null,
    drawn_at timestamptz not null default clock_timestamp(),
    unique (week, owner, source, entity, key)
);

-- Grain: one row per answer of a person about a sampled row; never changed, the newest counts.
create table if not exists quality.sample_answer (
    answer_id bigint generated always as identity primary key,
    sample_id bigint not null references quality.sample,
    answer text not null check (answer in ('right', 'wrong', 'unknown')),
    -- Which column is wrong, where the person says so.
    column_name text,
    note text not null default '',
    answered_by text not null,
    answered_at timestamptz not null default clock_timestamp()
);

create index if not exists sample_answer_sample on quality.sample_answer (sample_id, answer_id desc);

-- Grain: one row per campaign and quarter.
create table if not exists quality.campaign (
    campaign_id bigint generated always as identity primary key,
    name text not null,
    -- First day of the quarter.
    quarter date not null,
    created_at timestamptz not null default clock_timestamp(),
    unique (name, quarter)
);

-- Grain: one row per row that is verified again in a campaign.
create table if not exists quality.campaign_item (
    item_id bigint generated always as identity primary key,
    campaign_id bigint not null references quality.campaign,
    source text not null,
    entity text not null,
    key text not null,
    owner text not null,
    -- Set when the row has left the source: nobody has to verify it any more.
    gone_at timestamptz,
    unique (campaign_id, source, entity, key)
);

create index if not exists campaign_item_owner on quality.campaign_item (campaign_id, owner);

-- Grain: one row per answer of a person about an item; never changed, the newest counts.
create table if not exists quality.campaign_answer (
    answer_id bigint generated always as identity primary key,
    item_id bigint not null references quality.campaign_item,
    answer text not null check (answer in ('right', 'wrong', 'unreachable', 'reopened')),
    note text not null default '',
    answered_by text not null,
    answered_at timestamptz not null default clock_timestamp()
);

create index if not exists campaign_answer_item on quality.campaign_answer (item_id, answer_id desc);

create or replace trigger sample_answer_is_final
before update or delete or truncate on quality.sample_answer
for each statement execute function quality.refuse_change();

create or replace trigger campaign_answer_is_final
before update or delete or truncate on quality.campaign_answer
for each statement execute function quality.refuse_change();

-- Grain: one row per task that was given to somebody else; never changed.
create table if not exists quality.assignment (
    assignment_id bigint generated always as identity primary key,
    task_id bigint not null references quality.task,
    owner_before text not null,
    owner_after text not null,
    reason text not null,
    made_by text not null,
    made_at timestamptz not null default clock_timestamp()
);

create index if not exists assignment_task on quality.assignment (task_id);

create or replace trigger assignment_is_final
before update or delete or truncate on quality.assignment
for each statement execute function quality.refuse_change();

-- The desk's queue reads the newest tasks of a state, those behind a rule, and what happened to one row.
create index if not exists task_newest on quality.task (state, task_id) where closed_at is null;
create index if not exists task_row on quality.task (source, entity, key);
create index if not exists quarantine_row on quality.quarantine (source, entity, key);
create index if not exists quarantine_rule on quality.quarantine (rule_id, source, entity, key)
where released_at is null;

-- Grain: one row per value that a steward refused for a missing column of a conformed row; a later, different value
-- is none of its business.
create table if not exists quality.completion_refusal (
    refusal_id bigint generated always as identity primary key,
    source text not null,
    -- The conformed entity, such as customer, and the key of the row within its source.
    entity text not null,
    key text not null,
    column_name text not null,
    value text not null,
    rule_id text not null,
    reason text not null,
    refused_by text not null,
    refused_at timestamptz not null default clock_timestamp(),
    undone_by text,
    undone_at timestamptz
);

create unique index if not exists completion_refusal_in_force
on quality.completion_refusal (entity, source, key, column_name, value) where undone_at is null;
