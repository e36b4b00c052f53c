-- Grain: one row per page view, bots included and marked.
-- include/rules/behaviour decides which requests are page views and which visitors are bots; a view without a visitor
-- belongs to nobody and is left out. A pause of exactly session_gap_minutes goes on with the session, a longer one
-- begins another; sessions are those of one visitor on one site, and may cross midnight.
with bot_agent as (
    select
        rule.position,
        rule.body ->> 'id' as bot_rule,
        rule.body ->> 'pattern' as pattern
    from jsonb_array_elements(cast(:bot_agents as jsonb)) with ordinality as rule (body, position)
),

-- Few browsers make many requests: each user agent is judged once.
user_agent as (
    select distinct request.user_agent as agent
    from staging.stg_page_view as request
    where request.user_agent is not null
),

judged_agent as (
    select
        user_agent.agent,
        (
            select bot_agent.bot_rule
            from bot_agent
            where user_agent.agent ~* bot_agent.pattern
            order by bot_agent.position
            limit 1
        ) as bot_rule
    from user_agent
),

bot_visitor as (
    select distinct
        request.source,
        request.visitor
    from staging.stg_page_view as request
    where request.path = any(string_to_array(:bot_paths, ','))
),

page_view as (
    select
        request.source,
        request.source_key,
        request.site,
        request.visitor,
        request.username,
        request.visited_at,
        request.path,
        request.referrer_host,
        request.utm_source,
        request.utm_medium,
        request.utm_campaign,
        request.dwell_seconds,
        coalesce(
            judged_agent.bot_rule,
            case when bot_visitor.visitor is not null then 'asked_for_a_path_of_bots' end
        ) as bot_rule
    from staging.stg_page_view as request
    left join judged_agent
        on request.user_agent = judged_agent.agent
    left join bot_visitor
        on request.source = bot_visitor.source and request.visitor = bot_visitor.visitor
    where
        request.visitor is not null
        and request.visited_at is not null
        and request.path is not null
        and coalesce(request.event = any(string_to_array(:page_view_events, ',')), true)
        and coalesce(request.method = any(string_to_array(:page_view_methods, ',')), true)
        and coalesce(request.status = any(cast(string_to_array(:page_view_statuses, ',') as integer[])), true)
        and not coalesce(
            lower(substring(request.path from '[.]([A-Za-z0-9]+)$')) = any(string_to_array(:asset_extensions, ',')),
            false
        )
        and not request.path like any(string_to_array(:ignored_paths, ','))
),

-- Views of one second are in the order of their lines: the key of a line ends with its number. The visitor stands
-- first because it tells views apart soonest, and both windows are in one order, so that they are sorted once.
compared as (
    select
        page_view.source,
        page_view.source_key,
        length(page_view.source_key) as key_length,
        page_view.site,
        page_view.visitor,
        page_view.username,
        page_view.visited_at,
        page_view.path,
        page_view.referrer_host,
        page_view.utm_source,
        page_view.utm_medium,
        page_view.utm_campaign,
        page_view.dwell_seconds,
        page_view.bot_rule,
        page_view.bot_rule is not null as is_bot,
        row_number() over visit as view_number,
        lag(page_view.visited_at) over visit as last_at,
        lead(page_view.visited_at) over visit as next_at
    from page_view
    window visit as (
        partition by page_view.visitor, page_view.site, page_view.source, page_view.bot_rule is not null
        order by page_view.visited_at, length(page_view.source_key), page_view.source_key
    )
),

pause as (
    select :session_gap_minutes * interval '1 minute' as longest
),

paused as (
    select
        compared.source,
        compared.source_key,
        compared.key_length,
        compared.site,
        compared.visitor,
        compared.username,
        compared.visited_at,
        compared.path,
        compared.referrer_host,
        compared.utm_source,
        compared.utm_medium,
        compared.utm_campaign,
        compared.dwell_seconds,
        compared.bot_rule,
        compared.is_bot,
        compared.view_number,
        coalesce(compared.visited_at - compared.last_at > pause.longest, true) as begins_session,
        case when compared.next_at - compared.visited_at <= pause.longest then compared.next_at end as next_at
    from compared
    cross join pause
),

-- Times and numbers grow, so that the largest of those that begin a session is its own.
placed as (
    select
        paused.source,
        paused.source_key,
        paused.site,
        paused.visitor,
        paused.username,
        paused.visited_at,
        paused.path,
        paused.referrer_host,
        paused.utm_source,
        paused.utm_medium,
        paused.utm_campaign,
        paused.dwell_seconds,
        paused.bot_rule,
        paused.is_bot,
        paused.next_at,
        max(paused.visited_at) filter (where paused.begins_session) over visit as started_at,
        paused.view_number - max(paused.view_number) filter (where paused.begins_session) over visit
        + 1 as view_of_session
    from paused
    window visit as (
        partition by paused.visitor, paused.site, paused.source, paused.is_bot
        order by paused.visited_at, paused.key_length, paused.source_key
    )
)

select
    placed.source || ':' || placed.source_key as page_view_key,
    placed.source,
    placed.site,
    placed.visitor,
    placed.username,
    placed.visited_at,
    cast(placed.visited_at as date) as visited_date,
    placed.path,
    placed.referrer_host,
    placed.utm_source,
    placed.utm_medium,
    placed.utm_campaign,
    placed.is_bot,
    placed.bot_rule,
    case
        when not placed.is_bot then
            concat_ws(
                ':',
                placed.source,
                placed.site,
                placed.visitor,
                to_char(placed.started_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS')
            )
    end as session_key,
    case when not placed.is_bot then placed.view_of_session end as view_of_session,
    coalesce(
        extract(epoch from placed.next_at - placed.visited_at),
        case when placed.dwell_seconds between 0 and :longest_dwell_seconds then placed.dwell_seconds end,
        0
    ) as dwell_seconds
from placed
