-- Grain: one row per (username, valid_from): a person's position.
-- What somebody sold before the first or after the last day of a position counts for the position that was nearest:
-- counted_from and counted_to leave no gap and do not overlap.
with held as (
    select distinct on (stated.username, coalesce(stated.valid_from, date '-infinity'))
        stated.source,
        stated.username,
        stated.name,
        stated.role,
        stated.org_unit_key,
        stated.manager_key,
        coalesce(stated.valid_from, date '-infinity') as valid_from,
        stated.valid_to
    from staging.stg_user as stated
    where stated.username is not null
    order by
        stated.username asc,
        coalesce(stated.valid_from, date '-infinity') asc,
        stated.valid_to desc nulls first,
        stated.source asc,
        stated.user_key asc
),

following as (
    select
        held.source,
        held.username,
        held.name,
        held.role,
        held.org_unit_key,
        held.manager_key,
        held.valid_from,
        held.valid_to,
        lag(held.valid_from) over (partition by held.username order by held.valid_from) as previous_from,
        lead(held.valid_from) over (partition by held.username order by held.valid_from) as next_from
    from held
)

select
    following.username,
    following.valid_from,
    following.valid_to,
    following.name,
    following.role,
    following.org_unit_key as org_unit_code,
    unit.team_code,
    coalesce(unit.region_code, 'unknown') as region_code,
    unit.sales_region_code,
    unit.business_unit_code,
    manager.username as manager_username,
    following.next_from is null
    and following.valid_from <= :business_date
    and coalesce(following.valid_to >= :business_date, true) as is_active,
    case when following.previous_from is null then date '-infinity' else following.valid_from end as counted_from,
    coalesce(following.next_from, date 'infinity') as counted_to
from following
left join core.core_org_unit as unit on following.org_unit_key = unit.org_unit_code
left join staging.stg_user as manager
    on following.source = manager.source and following.manager_key = manager.user_key
