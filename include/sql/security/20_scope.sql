-- What a verified person may see. Repeatable; run as cockpit_etl after 10_identity.sql.
-- Rows come from include/rules/security/people.yml and are written by difference (cockpit.bi.scopes).
create table if not exists security.user_scope (
    username text not null check (username <> ''),
    scope_kind text not null check (scope_kind in ('all', 'region')),
    scope_key text not null default '',
    primary key (username, scope_kind, scope_key),
    check ((scope_kind = 'all') = (scope_key = ''))
);
revoke all on security.user_scope from public;

create or replace function security.has_full_scope()
returns boolean
language sql stable parallel safe security definer
set search_path = pg_catalog
as $$
    select exists (
        select
        from security.user_scope as scope
        where scope.username = security.verified_user() and scope.scope_kind = 'all'
    )
$$;

-- Never null: an unknown person gets an empty list, and a policy that tests membership refuses every row.
create or replace function security.scope_keys(kind text)
returns text[]
language sql stable strict parallel safe security definer
set search_path = pg_catalog
as $$
    select coalesce(array_agg(scope.scope_key), '{}')
    from security.user_scope as scope
    where scope.username = security.verified_user() and scope.scope_kind = kind
$$;

revoke all on function security.xor_each_byte(bytea, integer) from public;
revoke all on function security.hmac_sha256(bytea, bytea) from public;
revoke all on function security.verified_user() from public;
revoke all on function security.has_full_scope() from public;
revoke all on function security.scope_keys(text) from public;
-- A policy calls these with the reader's own rights. The schema itself stays closed to bi_reader.
grant execute on function security.has_full_scope(), security.scope_keys(text) to bi_reader;

create schema if not exists marts;
grant usage on schema marts to bi_reader;
