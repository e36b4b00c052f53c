-- Bookkeeping of the model runner; applied at every preparation of a workspace, so each statement can be repeated.

create schema if not exists ops;

-- Grain: one row per build of one table, also where nothing had to be done.
create table if not exists ops.model_build (
    build_id bigint generated always as identity primary key,
    model text not null,
    run_id text not null,
    -- Business time that the run was made for.
    as_of timestamptz not null,
    kind text not null check (kind in ('full', 'incremental', 'fresh', 'check')),
    inserted bigint not null,
    updated bigint not null,
    deleted bigint not null,
    -- What was built from what: equal fingerprint and upstream mean that a build would change nothing.
    fingerprint text not null,
    upstream jsonb not null,
    -- False when too much changed to list each key: the next build downstream must be a full one.
    has_changed_keys boolean not null,
    started_at timestamptz not null,
    seconds numeric not null,
    -- Why it was a build of that kind, see cockpit.warehouse.builds; empty for checks.
    reason text not null default ''
);

-- Of an older version. Looked up first: altering waits for every build that is under way, also where nothing is added.
do $$
begin
    if not exists (
        select from pg_attribute where attrelid = cast('ops.model_build' as regclass) and attname = 'reason'
    ) then
        alter table ops.model_build add column reason text not null default '';
    end if;
end
$$;

create index if not exists model_build_latest on ops.model_build (model, build_id desc);

-- Grain: one row per build and key tuple whose rows it changed, before or after the change.
-- Written only for the columns that an incremental model downstream asks for.
create table if not exists ops.changed_key (
    build_id bigint not null references ops.model_build,
    model text not null,
    columns text not null,
    key jsonb not null
);

create index if not exists changed_key_lookup on ops.changed_key (model, columns, build_id);

-- Grain: one row per segment, golden customer and day on which it joined. Kept beside the marts, which a rebuild may
-- compute anew: since when somebody belongs to a segment cannot be computed afterwards.
create table if not exists ops.segment_membership (
    segment_id text not null,
    customer_key text not null,
    since date not null,
    -- First day on which it did not belong to it any more; null while it does.
    until date,
    primary key (segment_id, customer_key, since)
);

create index if not exists segment_membership_customer on ops.segment_membership (customer_key) where until is null;

-- Grain: one row per segment: when its rule was last asked of all customers.
create table if not exists ops.segment_evaluation (
    segment_id text primary key,
    rule text not null,
    evaluated_on date not null
);

-- Grain: one row per staging table and import batch: how many of the batch's rows the table holds now. Triggers on the
-- tables count, so that nobody's change is missed and the ledger need not read what has not changed.
create table if not exists ops.staged_batch (
    staging_table text not null,
    batch_id bigint not null,
    staged bigint not null,
    quarantined bigint not null,
    primary key (staging_table, batch_id)
);

create or replace function ops.count_staged() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'TRUNCATE' then
        delete from ops.staged_batch as held where held.staging_table = tg_table_name;
    end if;
    if tg_op in ('UPDATE', 'DELETE') then
        update ops.staged_batch as held
        set staged = held.staged - gone.staged, quarantined = held.quarantined - gone.quarantined
        from (
            select
                removed.batch_id,
                count(*) filter (where not removed.is_quarantined) as staged,
                count(*) filter (where removed.is_quarantined) as quarantined
            from removed
            group by removed.batch_id
        ) as gone
        where held.staging_table = tg_table_name and held.batch_id = gone.batch_id;
    end if;
    if tg_op in ('INSERT', 'UPDATE') then
        insert into ops.staged_batch as held (staging_table, batch_id, staged, quarantined)
        select
            tg_table_name,
            added.batch_id,
            count(*) filter (where not added.is_quarantined),
            count(*) filter (where added.is_quarantined)
        from added
        where added.batch_id is not null
        group by added.batch_id
        on conflict (staging_table, batch_id) do update
        set staged = held.staged + excluded.staged, quarantined = held.quarantined + excluded.quarantined;
    end if;
    return null;
end
$$;
