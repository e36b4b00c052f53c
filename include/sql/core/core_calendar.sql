-- Grain: one row per day, from 2009 to the end of next year.
-- Public holidays of China on weekdays and the weekend days that make up for them, as the State Council announced
-- them for 2023 to 2026; other years and other calendars count Monday to Friday.
with holiday (calendar, first_day, last_day) as (
    values
    ('CN', date '2023-01-02', date '2023-01-02'), ('CN', date '2023-01-23', date '2023-01-27'),
    ('CN', date '2023-04-05', date '2023-04-05'), ('CN', date '2023-05-01', date '2023-05-03'),
    ('CN', date '2023-06-22', date '2023-06-23'), ('CN', date '2023-09-29', date '2023-09-29'),
    ('CN', date '2023-10-02', date '2023-10-06'), ('CN', date '2024-01-01', date '2024-01-01'),
    ('CN', date '2024-02-12', date '2024-02-16'), ('CN', date '2024-04-04', date '2024-04-05'),
    ('CN', date '2024-05-01', date '2024-05-03'), ('CN', date '2024-06-10', date '2024-06-10'),
    ('CN', date '2024-09-16', date '2024-09-17'), ('CN', date '2024-10-01', date '2024-10-04'),
    ('CN', date '2024-10-07', date '2024-10-07'), ('CN', date '2025-01-01', date '2025-01-01'),
    ('CN', date '2025-01-28', date '2025-01-31'), ('CN', date '2025-02-03', date '2025-02-04'),
    ('CN', date '2025-04-04', date '2025-04-04'), ('CN', date '2025-05-01', date '2025-05-02'),
    ('CN', date '2025-05-05', date '2025-05-05'), ('CN', date '2025-06-02', date '2025-06-02'),
    ('CN', date '2025-10-01', date '2025-10-03'), ('CN', date '2025-10-06', date '2025-10-08'),
    ('CN', date '2026-01-01', date '2026-01-02'), ('CN', date '2026-02-16', date '2026-02-20'),
    ('CN', date '2026-02-23', date '2026-02-23'), ('CN', date '2026-04-06', date '2026-04-06'),
    ('CN', date '2026-05-01', date '2026-05-01'), ('CN', date '2026-05-04', date '2026-05-05'),
    ('CN', date '2026-06-19', date '2026-06-19'), ('CN', date '2026-09-25', date '2026-09-25'),
    ('CN', date '2026-10-01', date '2026-10-02'), ('CN', date '2026-10-05', date '2026-10-07')
),

make_up_day (calendar, day) as (
    values
    ('CN', date '2023-01-28'), ('CN', date '2023-01-29'), ('CN', date '2023-04-23'), ('CN', date '2023-05-06'),
    ('CN', date '2023-06-25'), ('CN', date '2023-10-07'), ('CN', date '2023-10-08'), ('CN', date '2024-02-04'),
    ('CN', date '2024-02-18'), ('CN', date '2024-04-07'), ('CN', date '2024-04-28'), ('CN', date '2024-05-11'),
    ('CN', date '2024-09-14'), ('CN', date '2024-09-29'), ('CN', date '2024-10-12'), ('CN', date '2025-01-26'),
    ('CN', date '2025-02-08'), ('CN', date '2025-04-27'), ('CN', date '2025-09-28'), ('CN', date '2025-10-11'),
    ('CN', date '2026-01-04'), ('CN', date '2026-02-14'), ('CN', date '2026-02-28'), ('CN', date '2026-05-09'),
    ('CN', date '2026-09-20'), ('CN', date '2026-10-10')
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
        exists (
            select 1 from make_up_day
            where make_up_day.calendar = :holiday_calendar and make_up_day.day = day.calendar_date
        )
        or (
            extract(isodow from day.calendar_date) < 6
            and not exists (
                select 1 from holiday
                where
                    holiday.calendar = :holiday_calendar
                    and day.calendar_date between holiday.first_day and holiday.last_day
            )
        ) as is_working_day
    from day
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
    ) as working_days_in_month
from judged
