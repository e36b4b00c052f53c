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
