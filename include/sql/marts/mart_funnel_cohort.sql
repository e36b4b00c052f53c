-- Grain: one row per (created_month, months_since, region_code, business_unit_code).
-- What had become of the opportunities of a month so many months later, up to the present month. One that was decided
-- without a date counts from its first month on.
with opportunity as (
    select
        opportunity.created_month,
        opportunity.region_code,
        opportunity.business_unit_code,
        opportunity.outcome,
        case
            when opportunity.outcome <> 'open'
                then
                    cast(
                        12 * (
                            extract(year from coalesce(opportunity.closed_month, opportunity.created_month))
                            - extract(year from opportunity.created_month)
                        )
                        + extract(month from coalesce(opportunity.closed_month, opportunity.created_month))
                        - extract(month from opportunity.created_month)
                        as integer
                    )
        end as decided_after,
        count(*) as opportunity_count,
        coalesce(sum(opportunity.amount), 0) as amount
    from core.core_opportunity as opportunity
    where opportunity.created_month is not null
    group by
        opportunity.created_month, opportunity.region_code, opportunity.business_unit_code, opportunity.outcome,
        decided_after
),

cohort as (
    select
        opportunity.created_month,
        opportunity.region_code,
        opportunity.business_unit_code,
        sum(opportunity.opportunity_count) as opportunity_count,
        sum(opportunity.amount) as opportunity_amount,
        greatest(
            cast(
                12 * (
                    extract(year from :business_date) - extract(year from opportunity.created_month)
                )
                + extract(month from :business_date) - extract(month from opportunity.created_month)
                as integer
            ),
            coalesce(max(opportunity.decided_after), 0),
            0
        ) as age
    from opportunity
    group by opportunity.created_month, opportunity.region_code, opportunity.business_unit_code
),

month as (
    select
        cohort.created_month,
        cohort.region_code,
        cohort.business_unit_code,
        cohort.opportunity_count,
        cohort.opportunity_amount,
        passed.months_since
    from cohort
    cross join lateral generate_series(0, cohort.age) as passed (months_since)
),

decided as (
    select
        opportunity.created_month,
        opportunity.region_code,
        opportunity.business_unit_code,
        opportunity.decided_after,
        coalesce(sum(opportunity.opportunity_count) filter (where opportunity.outcome = 'won'), 0) as won_count,
        coalesce(sum(opportunity.amount) filter (where opportunity.outcome = 'won'), 0) as won_amount,
        coalesce(sum(opportunity.opportunity_count) filter (where opportunity.outcome = 'lost'), 0) as lost_count,
        coalesce(sum(opportunity.amount) filter (where opportunity.outcome = 'lost'), 0) as lost_amount
    from opportunity
    where opportunity.decided_after is not null
    group by
        opportunity.created_month, opportunity.region_code, opportunity.business_unit_code, opportunity.decided_after
),

so_far as (
    select
        month.created_month,
        month.months_since,
        month.region_code,
        month.business_unit_code,
        month.opportunity_count,
        month.opportunity_amount,
        coalesce(sum(decided.won_count) over up_to_now, 0) as won_count,
        coalesce(sum(decided.won_amount) over up_to_now, 0) as won_amount,
        coalesce(sum(decided.lost_count) over up_to_now, 0) as lost_count,
        coalesce(sum(decided.lost_amount) over up_to_now, 0) as lost_amount
    from month
    left join decided
        on
            month.created_month = decided.created_month
            and month.region_code = decided.region_code
            and month.business_unit_code = decided.business_unit_code
            and month.months_since = decided.decided_after
    window up_to_now as (
        partition by month.created_month, month.region_code, month.business_unit_code
        order by month.months_since
    )
)

select
    so_far.created_month,
    so_far.months_since,
    so_far.region_code,
    so_far.business_unit_code,
    so_far.opportunity_count,
    so_far.opportunity_amount,
    so_far.won_count,
    so_far.won_amount,
    so_far.lost_count,
    so_far.lost_amount,
    so_far.opportunity_count - so_far.won_count - so_far.lost_count as open_count,
    so_far.opportunity_amount - so_far.won_amount - so_far.lost_amount as open_amount,
    so_far.won_count / so_far.opportunity_count as win_ratio,
    :currency as currency
from so_far
