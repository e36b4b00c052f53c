-- Grain: one row per session of a person on a site or app; bots have none.
-- A session counts for the day on which it began, wherever it ends. Where it came from is what its first view says.
select
    page_view.session_key,
    page_view.source,
    page_view.site,
    page_view.visitor,
    (array_remove(array_agg(page_view.username order by page_view.view_of_session desc), null))[1] as username,
    min(page_view.visited_at) as started_at,
    min(page_view.visited_at) + sum(page_view.dwell_seconds) * interval '1 second' as ended_at,
    cast(min(page_view.visited_at) as date) as started_date,
    count(*) as page_view_count,
    sum(page_view.dwell_seconds) as dwell_seconds,
    (array_agg(page_view.path order by page_view.view_of_session asc))[1] as entry_path,
    (array_agg(page_view.path order by page_view.view_of_session desc))[1] as exit_path,
    (array_agg(page_view.referrer_host order by page_view.view_of_session asc))[1] as referrer_host,
    (array_agg(page_view.utm_source order by page_view.view_of_session asc))[1] as utm_source,
    (array_agg(page_view.utm_medium order by page_view.view_of_session asc))[1] as utm_medium,
    (array_agg(page_view.utm_campaign order by page_view.view_of_session asc))[1] as utm_campaign
from core.core_page_view as page_view
where not page_view.is_bot
group by page_view.session_key, page_view.source, page_view.site, page_view.visitor
