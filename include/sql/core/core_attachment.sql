-- Grain: one row per file that belongs to a record, by name and link.
-- The customer is that of the record: a company's own, or the one that an opportunity or activity is about.
select
    attachment.source || ':' || attachment.attachment_key as attachment_key,
    attachment.source,
    attachment.attachment_key as source_attachment_key,
    attachment.record_entity,
    attachment.record_key,
    case attachment.record_entity
        when 'opportunity' then opportunity.customer_key
        when 'activity' then activity.customer_key
        else company.customer_key
    end as customer_key,
    attachment.kind,
    attachment.content_type,
    attachment.file_name,
    attachment.size_bytes,
    attachment.link,
    attachment.created_at
from staging.stg_attachment as attachment
left join core.core_opportunity as opportunity
    on
        attachment.record_entity = 'opportunity'
        and attachment.source = opportunity.source
        and attachment.record_key = opportunity.source_opportunity_key
left join core.core_activity as activity
    on
        attachment.record_entity = 'activity'
        and attachment.source = activity.source
        and attachment.record_key = activity.source_activity_key
left join core.core_customer_source as company
    on attachment.source = company.source and attachment.record_key = company.source_key
