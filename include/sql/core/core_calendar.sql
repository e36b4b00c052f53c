-- Grain: one row per day, from 2009 to the end of next year.
-- include/rules/calendar says what :holiday_calendar has off. Of a country without a file, Monday to Friday count, of a
-- year whose holidays are not known all days but the weekend.
with rule as (
    select
        rule.body ->> 'kind' as kind,
        cast(rule.body ->> 'number' as integer) as number,
        cast(rule.body ->> 'first_day' as date) as first_day,
        cast(rule.body ->> 'last_day' as date) as last_day,
        rule.body ->> 'name_en' as name_en,
        rule.body ->> 'name_zh' as name_zh
    from jsonb_array_elements(cast(:calendar_rules as jsonb)) as rule (body)
    where rule.body ->> 'calendar' = :holiday_calendar
),

weekend as (
    select rule.number as day_of_week
    from rule
    where rule.kind = 'weekend'
    union all
    select usual.day_of_week
    from (values (6), (7)) as usual (day_of_week)
    where not exists (select 1 from rule)
),

-- Holidays may overlap; a day has the name of the one that began last.
holiday as (
    select distinct on (day.moment)
        cast(day.moment as date) as calendar_date,
        rule.name_en,
        rule.name_zh
    from rule
    cross join lateral generate_series(rule.first_day, rule.last_day, interval '1 day') as day (moment)
    where rule.kind = 'holiday'
    order by day.moment asc, rule.first_day desc, rule.name_en asc
),

day as (
    select
        cast(series.moment as date) as calendar_date,
        cast(date_trunc('month', series.moment) as date) as month
    from generate_series(
        timestamp '2009-01-01',
        date_trunc('year', cast(:business_date as timestamp)) + interval '2 years' - interval '1 day',
        interval '1 day'
    ) as series (moment)
),

judged as (
    select
        day.calendar_date,
        day.month,
        holiday.name_en,
        holiday.name_zh,
        make_up_day.first_day is not null
        or (weekend.day_of_week is null and holiday.calendar_date is null) as is_working_day,
        known.number is not null as is_announced
    from day
    left join rule as make_up_day on make_up_day.kind = 'make_up_day' and day.calendar_date = make_up_day.first_day
    left join rule as known on known.kind = 'year' and extract(year from day.calendar_date) = known.number
    left join weekend on extract(isodow from day.calendar_date) = weekend.day_of_week
    left join holiday on day.calendar_date = holiday.calendar_date
)

select
    judged.calendar_date,
    judged.month,
    judged.is_working_day,
    cast(
        count(*) filter (where judged.is_working_day)
            over (partition by judged.month order by judged.calendar_date)
        as integer
    ) as working_day_of_month,
    cast(
        count(*) filter (where judged.is_working_day) over (partition by judged.month) as integer
    ) as working_days_in_month,
    judged.name_en as holiday_name_en,
    judged.name_zh as holiday_name_zh,
    judged.is_announced
from judged
