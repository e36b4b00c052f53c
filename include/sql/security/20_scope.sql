-- What a verified person may see. Repeatable; run as cockpit_etl after 10_identity.sql.
-- Rows come from include/rules/security and are written by difference (cockpit.bi.scopes).

-- Until November 2026 a scope held for every mart. What asked for it goes with it, policies too: until the marts are
-- protected anew, in the same preparation, they show nobody anything.
drop function if exists security.has_full_scope() cascade;
drop function if exists security.scope_keys(text) cascade;
drop table if exists security.user_scope;

-- A role in a scope. Kinds are those of cockpit.rulebook.security.Scope.
create table if not exists security.user_grant (
    username text not null check (username <> ''),
    role text not null,
    scope_kind text not null check (
        scope_kind in ('all', 'unit', 'sales_region', 'region', 'business_unit', 'rep')
    ),
    scope_key text not null,
    -- Empty: all business units.
    business_unit text not null,
    starts timestamptz not null,
    ends timestamptz not null check (ends > starts),
    primary key (username, role, scope_kind, scope_key, business_unit, starts, ends),
    check ((scope_kind = 'all') = (scope_key = ''))
);
revoke all on security.user_grant from public;

create table if not exists security.role_mart (
    role text not null,
    mart text not null,
    sees_personal boolean not null,
    primary key (role, mart)
);
revoke all on security.role_mart from public;

-- The views security.core_* on the tables of the organisation are made after this, for those that a workspace has.
set local check_function_bodies = off;

-- What the person who asks may read of a mart: one row per set of rows; null means any. Where several columns are
-- given, all must fit. Units and sales regions are resolved when asked, so a reorganisation counts at once.
create or replace function security.reader_rows(mart text, personal boolean)
returns table (region text, business_unit text, rep text)
language sql stable strict parallel safe security definer
set search_path = pg_catalog
as $$
    with held as (
        select
            granted.scope_kind,
            granted.scope_key,
            nullif(granted.business_unit, '') as business_unit
        from security.user_grant as granted
        inner join security.role_mart as readable on granted.role = readable.role
        where
            granted.username = security.verified_user()
            and granted.starts <= statement_timestamp()
            and granted.ends > statement_timestamp()
            and readable.mart = reader_rows.mart
            and (readable.sees_personal or not reader_rows.personal)
    ),
    unit as (
        select org_unit.*
        from held
        inner join security.core_org_unit as org_unit on held.scope_key = org_unit.org_unit_code
        where
            held.scope_kind = 'unit'
            -- Where a company has business units, a region that names none is a fault of the source, not all of them.
            and (
                org_unit.business_unit_code is not null
                or org_unit.level = 'team'
                or not exists (select from security.core_org_unit as other where other.level = 'business_unit')
            )
    )
    select cast(null as text), cast(null as text), cast(null as text) from held where held.scope_kind = 'all'
    union
    select held.scope_key, held.business_unit, null from held where held.scope_kind = 'region'
    union
    select known.region_code, held.business_unit, null
    from held
    inner join security.core_region as known on held.scope_key = known.sales_region_code
    where held.scope_kind = 'sales_region'
    union
    select null, held.scope_key, null from held where held.scope_kind = 'business_unit'
    union
    select null, null, held.scope_key from held where held.scope_kind = 'rep'
    union
    -- The whole company is never read off the tree: only people.yml gives everything.
    select null, unit.business_unit_code, null
    from unit
    where unit.level = 'business_unit' and unit.business_unit_code is not null
    union
    select known.region_code, unit.business_unit_code, null
    from unit
    inner join security.core_region as known on unit.sales_region_code = known.sales_region_code
    where unit.level = 'sales_region'
    union
    select unit.region_code, unit.business_unit_code, null
    from unit
    where unit.level = 'region' and unit.region_code is not null
    union
    select null, null, rep.username
    from unit
    inner join security.core_sales_rep as rep on unit.team_code = rep.team_code
    where unit.level = 'team' and rep.is_active
$$;

-- For marts whose rows are nobody's.
create or replace function security.reads(mart text, personal boolean default false)
returns boolean
language sql stable strict parallel safe security definer
set search_path = pg_catalog
as $$
    select exists (select from security.reader_rows(reads.mart, reads.personal))
$$;

create or replace function security.has_full_scope(mart text, personal boolean default false)
returns boolean
language sql stable strict parallel safe security definer
set search_path = pg_catalog
as $$
    select exists (
        select
        from security.reader_rows(has_full_scope.mart, has_full_scope.personal) as allowed
        where allowed.region is null and allowed.business_unit is null and allowed.rep is null
    )
$$;

-- Keys of one kind: region, business_unit, rep, `region|business_unit`, or customer (those whose owner is such a rep).
-- Never null: an unknown person gets an empty list, and a policy that tests membership refuses every row.
create or replace function security.scope_keys(mart text, kind text, personal boolean default false)
returns text[]
language sql stable strict parallel safe security definer
set search_path = pg_catalog
as $$
    with allowed as materialized (
        select * from security.reader_rows(scope_keys.mart, scope_keys.personal)
    ),
    key as (
        select allowed.region as value
        from allowed
        where scope_keys.kind = 'region' and allowed.region is not null and allowed.business_unit is null
        union all
        select allowed.business_unit
        from allowed
        where scope_keys.kind = 'business_unit' and allowed.region is null and allowed.business_unit is not null
        union all
        select allowed.region || '|' || allowed.business_unit
        from allowed
        where scope_keys.kind = 'region|business_unit'
            and allowed.region is not null and allowed.business_unit is not null
        union all
        select allowed.rep
        from allowed
        where scope_keys.kind = 'rep' and allowed.rep is not null
        union all
        select owned.customer_key
        from allowed
        inner join security.core_customer_owner as owned on allowed.rep = owned.owner_username
        where scope_keys.kind = 'customer' and owned.valid_to is null
    )
    select coalesce(array_agg(key.value), '{}') from key
$$;

revoke all on function security.xor_each_byte(bytea, integer) from public;
revoke all on function security.hmac_sha256(bytea, bytea) from public;
revoke all on function security.verified_user() from public;
revoke all on function security.reader_rows(text, boolean) from public;
revoke all on function security.reads(text, boolean) from public;
revoke all on function security.has_full_scope(text, boolean) from public;
revoke all on function security.scope_keys(text, text, boolean) from public;
-- A policy calls these with the reader's own rights. The schema itself stays closed to bi_reader.
grant execute on function security.has_full_scope(text, boolean), security.scope_keys(text, text, boolean) to bi_reader;
grant execute on function security.reads(text, boolean) to bi_reader;

create schema if not exists marts;
grant usage on schema marts to bi_reader;
