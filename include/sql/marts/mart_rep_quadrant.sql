-- Grain: one row per person who sells at present (include/rules/quadrant.yml).
-- Over whole months that have ended, so that nobody changes sides in the course of a month. Much is what reaches the
-- threshold and is more than nothing; who did nothing is compared, too.
with window_of_time as (
    select
        cast(
            date_trunc('month', :business_date) - cast(:quadrant_months as integer) * interval '1 month' as date
        ) as first_month,
        cast(date_trunc('month', :business_date) - interval '1 month' as date) as last_month
),

person as (
    select
        rep.username,
        rep.role,
        rep.team_code,
        rep.region_code,
        rep.sales_region_code,
        rep.business_unit_code,
        rep.manager_username,
        case :quadrant_peers
            when 'team' then rep.team_code
            when 'region' then nullif(rep.region_code, 'unknown')
            when 'sales_region' then rep.sales_region_code
            when 'business_unit' then rep.business_unit_code
        end as level_code
    from core.core_sales_rep as rep
    where rep.is_active and rep.role = any(string_to_array(:quadrant_roles, ','))
),

done as (
    select
        team_month.owner_username,
        sum(team_month.activity_count) as activity_count,
        sum(team_month.visit_count) as visit_count,
        sum(team_month.contact_minutes) as contact_minutes,
        sum(team_month.order_amount) as order_amount,
        sum(team_month.signed_amount) as signed_amount,
        sum(team_month.won_amount) as won_amount,
        sum(team_month.won_count) as won_count,
        sum(team_month.lost_count) as lost_count
    from marts.mart_team_month as team_month
    inner join window_of_time
        on team_month.month between window_of_time.first_month and window_of_time.last_month
    group by team_month.owner_username
),

-- A level with too few people is no measure: they are compared with everybody.
grouped as (
    select
        person.username,
        case
            when count(*) over (partition by person.level_code) >= :quadrant_least_peers then person.level_code
        end as peers_code
    from person
),

measured as (
    select
        person.username,
        person.role,
        person.team_code,
        person.region_code,
        person.sales_region_code,
        person.business_unit_code,
        person.manager_username,
        grouped.peers_code,
        coalesce(done.activity_count, 0) as activity_count,
        coalesce(done.visit_count, 0) as visit_count,
        coalesce(done.contact_minutes, 0) as contact_minutes,
        coalesce(done.order_amount, 0) as order_amount,
        coalesce(done.signed_amount, 0) as signed_amount,
        coalesce(done.won_amount, 0) as won_amount,
        coalesce(done.won_count, 0) as won_count,
        coalesce(done.lost_count, 0) as lost_count,
        coalesce(
            case :quadrant_activity
                when 'activity_count' then done.activity_count
                when 'visit_count' then done.visit_count
                when 'contact_minutes' then done.contact_minutes
            end,
            0
        ) as activity_value,
        coalesce(
            case :quadrant_result
                when 'signed_amount' then done.signed_amount
                when 'won_amount' then done.won_amount
                when 'won_count' then done.won_count
                when 'order_amount' then done.order_amount
            end,
            0
        ) as result_value
    from person
    inner join grouped on person.username = grouped.username
    left join done on person.username = done.owner_username
),

middle as (
    select
        measured.peers_code,
        count(*) as peer_count,
        cast(
            percentile_cont(0.5) within group (order by cast(measured.activity_value as double precision)) as numeric
        ) as activity_median,
        cast(
            percentile_cont(0.5) within group (order by cast(measured.result_value as double precision)) as numeric
        ) as result_median
    from measured
    where measured.peers_code is not null
    group by measured.peers_code
    union all
    select
        null as peers_code,
        count(*) as peer_count,
        cast(
            percentile_cont(0.5) within group (order by cast(measured.activity_value as double precision)) as numeric
        ) as activity_median,
        cast(
            percentile_cont(0.5) within group (order by cast(measured.result_value as double precision)) as numeric
        ) as result_median
    from measured
),

compared as (
    select
        measured.username,
        measured.role,
        measured.team_code,
        measured.region_code,
        measured.sales_region_code,
        measured.business_unit_code,
        measured.manager_username,
        measured.peers_code,
        middle.peer_count,
        measured.activity_count,
        measured.visit_count,
        measured.contact_minutes,
        measured.order_amount,
        measured.signed_amount,
        measured.won_amount,
        measured.won_count,
        measured.lost_count,
        measured.activity_value,
        measured.result_value,
        case
            when :quadrant_activity_from < 0 then middle.activity_median else :quadrant_activity_from
        end as activity_from,
        case when :quadrant_result_from < 0 then middle.result_median else :quadrant_result_from end as result_from
    from measured
    left join middle on measured.peers_code is not distinct from middle.peers_code
),

placed as (
    select
        compared.username,
        case
            when compared.activity_value > 0 and compared.activity_value >= compared.activity_from
                then
                    case
                        when compared.result_value > 0 and compared.result_value >= compared.result_from then 'star'
                        else 'busy_no_result'
                    end
            when compared.result_value > 0 and compared.result_value >= compared.result_from then 'efficient'
            else 'inactive'
        end as quadrant
    from compared
)

select
    compared.username as owner_username,
    window_of_time.first_month,
    window_of_time.last_month,
    compared.role,
    compared.team_code,
    compared.region_code,
    coalesce(region.region_name_en, compared.region_code) as region_name_en,
    coalesce(region.region_name_zh, compared.region_code) as region_name_zh,
    compared.sales_region_code,
    compared.business_unit_code,
    compared.manager_username,
    coalesce(compared.peers_code, 'company') as peers_code,
    compared.peer_count,
    :quadrant_activity as activity_measure,
    compared.activity_value,
    compared.activity_from,
    :quadrant_result as result_measure,
    compared.result_value,
    compared.result_from,
    placed.quadrant,
    cast(:quadrant_names as jsonb) -> placed.quadrant ->> 'name' as quadrant_name_en,
    cast(:quadrant_names as jsonb) -> placed.quadrant ->> 'name_zh' as quadrant_name_zh,
    compared.activity_count,
    compared.visit_count,
    compared.contact_minutes,
    compared.order_amount,
    compared.signed_amount,
    compared.won_amount,
    compared.won_count,
    compared.lost_count,
    :currency as currency
from compared
inner join placed on compared.username = placed.username
cross join window_of_time
left join core.core_region as region on compared.region_code = region.region_code
