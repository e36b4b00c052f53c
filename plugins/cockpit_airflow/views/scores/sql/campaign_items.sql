-- Grain: one row per item of an owner in a campaign, those that wait first; one page of them.
select
    item.item_id,
    item.source,
    item.entity,
    item.key,
    newest.answer,
    newest.note,
    newest.answered_by,
    newest.answered_at
from quality.campaign_item as item
inner join quality.campaign as campaign on item.campaign_id = campaign.campaign_id
left join lateral (
    select answer.*
    from quality.campaign_answer as answer
    where answer.item_id = item.item_id
    order by answer.answer_id desc
    limit 1
) as newest on true
where
    campaign.name = %(name)s
    and campaign.quarter = %(quarter)s
    and item.owner = %(owner)s
    and item.gone_at is null
    and (coalesce(newest.answer, 'reopened') <> 'reopened') = %(is_done)s
    and item.item_id > %(after)s
order by item.item_id
limit %(limit)s
