-- Grain: one row per session of a person on a site or app; bots have none.
-- A session counts for the day on which it began, wherever it ends. Where it came from is what its first view says.
-- A visitor who logged in once is known in all sessions. The link's parameters say more than the site it stood on.
with visit as (
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
),

meaning as (
    select
        rule.body ->> 'kind' as kind,
        rule.body ->> 'value' as word,
        rule.body ->> 'medium' as medium,
        rule.body ->> 'channel_code' as channel_code
    from jsonb_array_elements(cast(:channel_meanings as jsonb)) as rule (body)
    where rule.body ->> 'kind' in ('utm', 'referrer')
),

-- Origins are few: each is looked up once.
origin as (
    select distinct
        lower(page_view.utm_source) as utm_source,
        lower(page_view.utm_medium) as utm_medium,
        lower(page_view.referrer_host) as referrer_host
    from core.core_page_view as page_view
    where page_view.view_of_session = 1
),

named_origin as (
    select distinct on (origin.utm_source, origin.utm_medium, origin.referrer_host)
        -- Arrays with nulls at the same places are equal.
        array[origin.utm_source, origin.utm_medium, origin.referrer_host] as origin,
        coalesce(
            meaning.channel_code,
            case
                when origin.utm_source <> '' then :campaign_channel
                when origin.referrer_host <> '' then :referrer_channel
                else :visit_channel
            end
        ) as channel_code
    from origin
    left join meaning
        on
            case
                when meaning.kind = 'utm'
                    then
                        origin.utm_source = meaning.word
                        and coalesce(origin.utm_medium = meaning.medium, meaning.medium is null)
                else
                    coalesce(origin.utm_source, '') = ''
                    and right('.' || origin.referrer_host, length(meaning.word) + 1) = '.' || meaning.word
            end
    order by
        origin.utm_source asc,
        origin.utm_medium asc,
        origin.referrer_host asc,
        meaning.medium asc nulls last,
        length(meaning.word) desc
)

select
    visit.session_key,
    visit.source,
    visit.site,
    visit.visitor,
    visit.username,
    web_visitor.customer_key,
    visit.started_at,
    visit.ended_at,
    visit.started_date,
    visit.page_view_count,
    visit.dwell_seconds,
    visit.entry_path,
    visit.exit_path,
    visit.referrer_host,
    visit.utm_source,
    visit.utm_medium,
    visit.utm_campaign,
    named_origin.channel_code
from visit
inner join named_origin
    on array[lower(visit.utm_source), lower(visit.utm_medium), lower(visit.referrer_host)] = named_origin.origin
left join core.core_web_visitor as web_visitor
    on visit.source = web_visitor.source and visit.visitor = web_visitor.visitor
