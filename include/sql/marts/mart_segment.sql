-- Grain: one row per (segment_id, region_code).
-- A segment without members stands there for every region that has customers, with zero.
with region as (
    select
        profile.region_code,
        count(*) as region_customer_count
    from core.core_customer_profile as profile
    group by profile.region_code
),

belonging as (
    select
        member.segment_id,
        profile.region_code,
        count(*) as customer_count,
        count(*) filter (
            where member.since > cast(:business_date as date) - 30
        ) as joined_count_30d,
        sum(profile.ordered_amount) as ordered_amount,
        sum(profile.ordered_amount_12m) as ordered_amount_12m,
        sum(profile.lifetime_value) as lifetime_value
    from marts.mart_segment_member as member
    inner join core.core_customer_profile as profile on member.customer_key = profile.customer_key
    group by member.segment_id, profile.region_code
)

select
    segment.segment_id,
    region.region_code,
    segment.family,
    segment.name_en,
    segment.name_zh,
    segment.description,
    segment.description_zh,
    segment.rule,
    segment.owner,
    segment.refresh,
    region.region_customer_count,
    coalesce(belonging.customer_count, 0) as customer_count,
    coalesce(belonging.joined_count_30d, 0) as joined_count_30d,
    coalesce(belonging.ordered_amount, 0) as ordered_amount,
    coalesce(belonging.ordered_amount_12m, 0) as ordered_amount_12m,
    coalesce(belonging.lifetime_value, 0) as lifetime_value,
    :currency as currency
from core.core_segment as segment
cross join region
left join belonging
    on segment.segment_id = belonging.segment_id and region.region_code = belonging.region_code
