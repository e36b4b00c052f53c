-- What people without the right to personal data read in its place. Repeatable; run as cockpit_etl.
-- Null stays null: that nothing is known is no personal data.

-- 王** and W**: enough to tell two people of a list apart.
create or replace function security.mask_name(value text)
returns text
language sql immutable strict parallel safe
set search_path = pg_catalog
as $$ select left(value, 1) || '**' $$;

-- +86138****5678; of a short number only the last two digits stay.
create or replace function security.mask_phone(value text)
returns text
language sql immutable strict parallel safe
set search_path = pg_catalog
as $$
    select case
        when length(value) >= 11 then left(value, length(value) - 8) || '****' || right(value, 4)
        else '****' || right(value, least(2, length(value) / 4))
    end
$$;

-- w***@a.example
create or replace function security.mask_email(value text)
returns text
language sql immutable strict parallel safe
set search_path = pg_catalog
as $$
    select case
        when strpos(value, '@') > 1 then left(value, 1) || '***' || substr(value, strpos(value, '@'))
        else '***'
    end
$$;

create or replace function security.mask_text(value text)
returns text
language sql immutable strict parallel safe
set search_path = pg_catalog
as $$ select '***' $$;

revoke all on function security.mask_name(text), security.mask_phone(text) from public;
revoke all on function security.mask_email(text), security.mask_text(text) from public;
-- A view reads tables with the rights of its owner, which is subject to the policies as bi_reader is; functions run
-- with those of whoever asks.
grant usage, create on schema marts to bi_masker;
grant execute on function security.mask_name(text), security.mask_phone(text) to bi_reader;
grant execute on function security.mask_email(text), security.mask_text(text) to bi_reader;
grant execute on function security.has_full_scope(text, boolean), security.scope_keys(text, text, boolean) to bi_masker;
grant execute on function security.reads(text, boolean) to bi_masker;
