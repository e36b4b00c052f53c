-- Grain: one row per visitor of a site or app who has ever logged in.
-- A visitor who used accounts of several customers, at a fair or in a shop, belongs to none of them.
with login as (
    select
        page_view.source,
        page_view.visitor,
        page_view.username,
        max(page_view.visited_at) as last_seen_at
    from core.core_page_view as page_view
    where page_view.username is not null and not page_view.is_bot
    group by page_view.source, page_view.visitor, page_view.username
)

select
    login.source,
    login.visitor,
    (array_agg(login.username order by login.last_seen_at desc, login.username asc))[1] as username,
    max(login.last_seen_at) as last_seen_at,
    case
        when min(customer.customer_key) = max(customer.customer_key) then min(customer.customer_key)
    end as customer_key
from login
left join staging.stg_web_account as account on login.username = account.username
left join core.core_customer_source as customer
    on account.source = customer.source and account.customer_key = customer.source_customer_key
group by login.source, login.visitor
