-- Grain: one row per month, region and working day of the month.
-- Money that comes on a day off counts on the working day before it, before the first one on the first. The running
-- month has rows up to the business date. Earlier months are compared at the same working day, at their last where they
-- have fewer: the month before, the mean of the three before, and the same month last year.
with received as (
    select
        daily.region_code,
        calendar.month,
        greatest(calendar.working_day_of_month, 1) as working_day,
        sum(daily.received_amount) as received_amount
    from marts.mart_receipt_daily as daily
    inner join core.core_calendar as calendar on daily.received_date = calendar.calendar_date
    group by daily.region_code, calendar.month, greatest(calendar.working_day_of_month, 1)
),

-- From the first month with money on: before it there is nothing to compare with.
working_day as (
    select
        calendar.month,
        calendar.working_day_of_month as working_day,
        calendar.working_days_in_month,
        max(calendar.calendar_date) as calendar_date
    from core.core_calendar as calendar
    where
        calendar.is_working_day
        and calendar.month >= (select min(received.month) from received)
        and calendar.month <= (select max(received.month) from received)
    group by calendar.month, calendar.working_day_of_month, calendar.working_days_in_month
),

region as (
    select distinct received.region_code
    from received
),

daily as (
    select
        region.region_code,
        working_day.month,
        working_day.working_day,
        working_day.working_days_in_month,
        working_day.calendar_date,
        coalesce(received.received_amount, 0) as received_amount,
        sum(received.received_amount) over (
            partition by region.region_code, working_day.month
            order by working_day.working_day
        ) as cumulative_amount
    from working_day
    cross join region
    left join received
        on
            region.region_code = received.region_code
            and working_day.month = received.month
            and working_day.working_day = received.working_day
),

-- Each working day up to the longest month: a month that has ended stands still at its total.
reached as (
    select
        daily.region_code,
        daily.month,
        step.working_day,
        coalesce(daily.cumulative_amount, 0) as cumulative_amount
    from daily
    cross join
        lateral generate_series(
            daily.working_day,
            case when daily.working_day = daily.working_days_in_month then 31 else daily.working_day end
        ) as step (working_day)
)

select
    daily.month,
    daily.region_code,
    daily.working_day,
    daily.working_days_in_month,
    daily.calendar_date,
    daily.received_amount,
    coalesce(daily.cumulative_amount, 0) as cumulative_amount,
    previous_month.cumulative_amount as previous_month_amount,
    round(
        (previous_month.cumulative_amount + second_month.cumulative_amount + third_month.cumulative_amount) / 3, 2
    ) as three_month_mean_amount,
    last_year.cumulative_amount as last_year_amount,
    :currency as currency
from daily
left join reached as previous_month
    on
        daily.region_code = previous_month.region_code
        and daily.month = cast(previous_month.month + interval '1 month' as date)
        and daily.working_day = previous_month.working_day
left join reached as second_month
    on
        daily.region_code = second_month.region_code
        and daily.month = cast(second_month.month + interval '2 months' as date)
        and daily.working_day = second_month.working_day
left join reached as third_month
    on
        daily.region_code = third_month.region_code
        and daily.month = cast(third_month.month + interval '3 months' as date)
        and daily.working_day = third_month.working_day
left join reached as last_year
    on
        daily.region_code = last_year.region_code
        and daily.month = cast(last_year.month + interval '1 year' as date)
        and daily.working_day = last_year.working_day
where
    daily.calendar_date <= :business_date
    or daily.month < date_trunc('month', cast(:business_date as timestamp))
    or daily.working_day = 1
