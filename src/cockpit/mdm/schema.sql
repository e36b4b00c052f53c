-- Master data that must outlive every rebuild: what people decided, which ids were given, how golden records changed.
-- Applied at every preparation of a workspace, so each statement can be repeated. A record id is `source:source_key`.

create schema if not exists mdm;

create or replace function mdm.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception '%.% is written once and never changed', tg_table_schema, tg_table_name
        using errcode = 'object_not_in_prerequisite_state';
end
$$;

-- Grain: one row per version of what an entity's matching has learnt; new records are scored with the current one.
create table if not exists mdm.model (
    entity text not null,
    version text not null,
    is_current boolean not null default true,
    content jsonb not null,
    made_at timestamptz not null default clock_timestamp(),
    primary key (entity, version)
);

create unique index if not exists model_current on mdm.model (entity) where is_current;

-- Grain: one row per time that a person put a version in force; never changed.
create table if not exists mdm.model_use (
    use_id bigint generated always as identity primary key,
    entity text not null,
    version text not null,
    author text not null,
    made_through text not null check (made_through in ('desk', 'cli')),
    made_at timestamptz not null default clock_timestamp(),
    foreign key (entity, version) references mdm.model (entity, version)
);

-- Grain: one row per decision of a steward; never changed, taken back by a further row.
create table if not exists mdm.decision (
    decision_id bigint generated always as identity primary key,
    entity text not null,
    -- merge: left and right belong together. not_same: no record of left belongs with one of right. split: left belongs
    -- together and with none of right. pin: a value of the golden record of left. parent: right is the parent of left.
    -- no_parent: right is not, or, where right is empty, left has no parent. undo: an earlier decision is taken back.
    kind text not null check (kind in ('merge', 'not_same', 'split', 'pin', 'parent', 'no_parent', 'undo')),
    -- What the steward named: golden ids or record ids, as typed.
    left_id text,
    right_id text,
    -- The records behind them at that moment, the founding one first.
    left_records text [] not null default '{}',
    right_records text [] not null default '{}',
    -- For pin: which column; a value of null means that the golden record has none.
    field text,
    value text,
    undoes bigint references mdm.decision,
    reason text not null,
    author text not null,
    made_through text not null check (made_through in ('desk', 'cli')),
    made_at timestamptz not null default clock_timestamp(),
    check ((kind = 'undo') = (undoes is not null)),
    check ((kind = 'pin') = (field is not null)),
    check ((kind = 'undo') = (cardinality(left_records) = 0)),
    check (kind not in ('merge', 'not_same', 'split', 'parent') or cardinality(right_records) > 0)
);

-- The first of several decisions that were made at once; null for that one, and for one that was made by itself.
alter table mdm.decision add column if not exists made_with bigint references mdm.decision;

create unique index if not exists decision_undone_once on mdm.decision (undoes) where undoes is not null;
create index if not exists decision_of_entity on mdm.decision (entity, decision_id);
create index if not exists decision_left on mdm.decision using gin (left_records);
create index if not exists decision_right on mdm.decision using gin (right_records);

-- Grain: one row per thing that happened to an id or to a record's place; never changed.
create table if not exists mdm.id_event (
    event_id bigint generated always as identity primary key,
    entity text not null,
    -- birth: the id exists from here on, with its founding record in it, also after it had been merged away.
    -- join: a record belongs to the id from here on. leave: it has gone from its source. reuse: its source gave its key
    -- to somebody else, so that it has nothing more to do with the id. merge: the id stands for other_id from here on.
    -- split: the id was made of records of other_id.
    kind text not null check (kind in ('birth', 'join', 'leave', 'reuse', 'merge', 'split')),
    golden_id text not null,
    -- For birth and join the id that the record had before; null when it had none.
    other_id text,
    record_id text,
    run_id text not null,
    -- Business time of the run, and when it was written.
    as_of timestamptz not null,
    recorded_at timestamptz not null default now(),
    check ((kind in ('merge', 'split')) = (record_id is null)),
    check (kind not in ('merge', 'split') or other_id is not null)
);

create index if not exists id_event_golden on mdm.id_event (entity, golden_id);
create index if not exists id_event_other on mdm.id_event (entity, other_id) where other_id is not null;
create index if not exists id_event_record on mdm.id_event (entity, record_id) where record_id is not null;
create index if not exists id_event_reuse on mdm.id_event (entity, record_id) where kind = 'reuse';

-- The next three are what the events come to; they can be made again from them (cockpit.mdm.ids.replay).

-- Grain: one row per record that is in its source now.
create table if not exists mdm.membership (
    entity text not null,
    record_id text not null,
    golden_id text not null,
    since timestamptz not null,
    primary key (entity, record_id)
);

create index if not exists membership_golden on mdm.membership (entity, golden_id);

-- Grain: one row per record that has gone from its source; it gets its id back when it returns.
create table if not exists mdm.former_member (
    entity text not null,
    record_id text not null,
    golden_id text not null,
    left_at timestamptz not null,
    primary key (entity, record_id)
);

-- Grain: one row per id that was ever given.
create table if not exists mdm.golden_id (
    entity text not null,
    golden_id text not null,
    founding_record text not null,
    -- Number of its latest birth: the lesser, the older.
    born_event bigint not null,
    -- Where it leads since it was merged away; null while it stands for itself.
    redirect_to text,
    -- Its founding record's key was given to somebody else, so that it never returns with that record.
    is_reused boolean not null default false,
    primary key (entity, golden_id)
);

-- Number of the event that merged it away, the greater, the later; null while it stands for itself.
alter table mdm.golden_id add column if not exists merged_event bigint;

create index if not exists golden_id_founder on mdm.golden_id (entity, founding_record);

-- Grain: one row per pair of records that the newest run of an entity's matching compared and that is worth a look.
create table if not exists mdm.pair (
    entity text not null,
    -- The lesser record id is left.
    left_record text not null,
    right_record text not null,
    -- Probability that they are one, 0 to 1.
    score real not null,
    outcome text not null check (outcome in ('merge', 'review', 'no')),
    -- What speaks for it and against it: fields, levels, weights, vetoes.
    reasons jsonb,
    model_version text not null,
    primary key (entity, left_record, right_record)
);

create index if not exists pair_review on mdm.pair (entity, score desc) where outcome = 'review';
create index if not exists pair_right on mdm.pair (entity, right_record);

-- The next three, and mdm.record_key_<entity> (each record's keys; made by cockpit.mdm.kept_keys), are what the newest
-- run leaves so that the next one can follow what changed. Without them the next run matches all records.

-- Grain: one row per entity whose newest run can be followed.
create table if not exists mdm.matching_state (
    entity text primary key,
    -- What the keys and pairs were made by.
    model_version text not null,
    rules text not null,
    record_count bigint not null,
    golden_count bigint not null
);

-- Grain: one row per key that more records share than the rule allows, so that it gives no pairs.
create table if not exists mdm.full_key (
    entity text not null,
    key bigint not null,
    block text not null,
    record_count bigint not null,
    primary key (entity, key)
);

-- Grain: one row per pair of records that decisions put together or kept apart in the newest run.
create table if not exists mdm.decided_pair (
    entity text not null,
    left_record text not null,
    right_record text not null,
    is_merged boolean not null,
    primary key (entity, left_record, right_record, is_merged)
);

-- Grain: one row per run of an entity's matching: what blocks brought, what was capped, how many ids came and went.
create table if not exists mdm.run_report (
    report_id bigint generated always as identity primary key,
    run_id text not null,
    entity text not null,
    as_of timestamptz not null,
    made_at timestamptz not null default clock_timestamp(),
    content jsonb not null
);

create index if not exists run_report_newest on mdm.run_report (entity, report_id desc);

-- Grain: one row per record that was ever there: what told it from others at the last run, by which a key that was
-- given to somebody else is known (include/rules/survivorship, same_while_one_of).
create table if not exists mdm.record_seen (
    entity text not null,
    record_id text not null,
    content text [] not null,
    primary key (entity, record_id)
);

-- Grain: one row per field of a golden record whose value a steward decided on; derived from the decisions in force.
create table if not exists mdm.golden_pin (
    entity text not null,
    golden_id text not null,
    field text not null,
    value text,
    decision_id bigint not null,
    primary key (entity, golden_id, field)
);

-- Grain: one row per golden record and period in which its values were these; the last one has no end.
create table if not exists mdm.golden_version (
    entity text not null,
    golden_id text not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    content jsonb not null,
    run_id text not null,
    primary key (entity, golden_id, valid_from)
);

create unique index if not exists golden_version_open on mdm.golden_version (entity, golden_id) where valid_to is null;

create or replace trigger decision_is_final
before update or delete or truncate on mdm.decision
for each statement execute function mdm.refuse_change();

create or replace trigger id_event_is_final
before update or delete or truncate on mdm.id_event
for each statement execute function mdm.refuse_change();

create or replace trigger model_use_is_final
before update or delete or truncate on mdm.model_use
for each statement execute function mdm.refuse_change();
