-- Changes with whatever can change what a person gets out of some marts: Superset keeps results under it
-- (superset/data_version.py). Repeatable; run as cockpit_etl after 20_scope.sql and after ops.model_build is there.
create or replace function marts.data_version(models text[])
returns text
language sql stable strict parallel safe security definer
set search_path = pg_catalog
as $$
    with latest as (
        -- Written in the transaction of the change; builds of one model come one after the other.
        select
            wanted.model,
            built.build_id
        from
            -- The policies of all marts ask the last four (security.core_*).
            unnest(
                data_version.models
                || array['core_org_unit', 'core_region', 'core_sales_rep', 'core_customer_owner']
            ) as wanted (model)
        cross join lateral (
            select build.build_id
            from ops.model_build as build
            where build.model = wanted.model and build.inserted + build.updated + build.deleted > 0
            order by build.build_id desc
            limit 1
        ) as built
    ),
    build as (
        select coalesce(string_agg(latest.model || ' ' || latest.build_id, ';' order by latest.model), '') as builds
        from latest
    ),
    -- Grants begin and end by the day; policies and masks are part of what the database was prepared as.
    holder as (
        select coalesce(string_agg(cast(granted as text), ';' order by cast(granted as text)), '') as grants
        from security.user_grant as granted
        where granted.starts <= statement_timestamp() and granted.ends > statement_timestamp()
    ),
    reader as (
        select coalesce(string_agg(cast(readable as text), ';' order by cast(readable as text)), '') as marts
        from security.role_mart as readable
    )
    select
        encode(
            sha256(
                convert_to(
                    build.builds || '|' || holder.grants || '|' || reader.marts
                    || '|' || coalesce(obj_description(to_regnamespace('ops'), 'pg_namespace'), ''),
                    'UTF8'
                )
            ),
            'hex'
        )
    from build
    cross join holder
    cross join reader
$$;

revoke all on function marts.data_version(text[]) from public;
grant execute on function marts.data_version(text[]) to bi_reader;
