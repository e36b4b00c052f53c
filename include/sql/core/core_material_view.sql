-- Grain: one row per visitor, material and business day.
-- Material is what include/rules/behaviour/page_views.yml names: pages of products and documents to download. Visitors
-- whose customer nobody knows are left out.
select
    page_view.source,
    page_view.visitor,
    visitor.customer_key,
    page_view.path,
    page_view.visited_date as viewed_date,
    count(*) as view_count,
    sum(page_view.dwell_seconds) as dwell_seconds
from core.core_page_view as page_view
inner join core.core_web_visitor as visitor
    on page_view.source = visitor.source and page_view.visitor = visitor.visitor
where
    visitor.customer_key is not null
    and not page_view.is_bot
    and page_view.path like any(string_to_array(:material_paths, ','))
group by page_view.source, page_view.visitor, visitor.customer_key, page_view.path, page_view.visited_date
