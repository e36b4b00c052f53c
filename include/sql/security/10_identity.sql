-- Who is asking: a short-lived value that Superset signs and the database verifies. Repeatable; run as cockpit_etl.
--
-- app.identity holds `username|expiry|signature`: expiry in seconds since 1970, signature the lower-case hex of
-- HMAC-SHA256(key, 'username|expiry'). Anybody may SET the variable; without the key nobody can sign.
create schema if not exists security;
revoke all on schema security from public;

-- 'previous' serves connections that were signed just before a rotation; see verified_user.
create table if not exists security.identity_key (
    slot text primary key check (slot in ('current', 'previous')),
    key bytea not null check (length(key) >= 32),
    retired_at timestamptz check ((slot = 'current') = (retired_at is null))
);
revoke all on security.identity_key from public;

-- One byte of padding over a whole block: the exclusive or that PostgreSQL has for bits, not for bytes.
create or replace function security.xor_each_byte(block bytea, pad integer)
returns bytea
language sql immutable strict parallel safe
set search_path = pg_catalog
as $$
    select string_agg(set_byte('\x00'::bytea, 0, get_byte(block, position_in_block) # pad), ''::bytea
                      order by position_in_block)
    from generate_series(0, length(block) - 1) as position_in_block
$$;

-- RFC 2104 over SHA-256 (block size 64 bytes), so that no extension is needed.
create or replace function security.hmac_sha256(message bytea, key bytea)
returns bytea
language sql immutable strict parallel safe
set search_path = pg_catalog
as $$
    with block as (
        select case when length(key) > 64 then sha256(key) else key end as short_key
    ),
    padded as (
        select short_key || decode(repeat('00', 64 - length(short_key)), 'hex') as full_block
        from block
    )
    select sha256(
        security.xor_each_byte(full_block, x'5c'::integer)
        || sha256(security.xor_each_byte(full_block, x'36'::integer) || message)
    )
    from padded
$$;

-- The signed username, or null when the identity is absent, malformed, expired or not signed by us.
create or replace function security.verified_user()
returns text
language sql stable parallel safe security definer
set search_path = pg_catalog
as $$
    with claim as (
        select regexp_match(current_setting('app.identity', true), '^(.+)\|([0-9]{1,12})\|([0-9a-f]{64})$') as part
    )
    select claim.part[1]
    from claim
    where
        to_timestamp(cast(claim.part[2] as bigint)) > statement_timestamp()
        and exists (
            select
            from security.identity_key as known
            where
                (known.retired_at is null or known.retired_at > statement_timestamp() - interval '15 minutes')
                -- Both sides hashed once more: the time a comparison takes then says nothing about the signature.
                and sha256(security.hmac_sha256(convert_to(claim.part[1] || '|' || claim.part[2], 'UTF8'), known.key))
                    = sha256(decode(claim.part[3], 'hex'))
        )
$$;
