-- Grain: one row per campaign and owner; a null owner stands for all of the campaign. Rows that have left their source are
-- nobody's to verify.
with newest_answer as (
    select distinct on (answer.item_id)
        answer.item_id,
        answer.answer
    from quality.campaign_answer as answer
    order by answer.item_id asc, answer.answer_id desc
)

select
    campaign.campaign_id,
    campaign.name,
    campaign.quarter,
    item.owner,
    count(*) filter (where item.gone_at is null) as total,
    count(*) filter (where item.gone_at is null and newest_answer.answer in ('right', 'wrong', 'unreachable')) as done,
    count(*) filter (where item.gone_at is null and newest_answer.answer = 'right') as right_count,
    count(*) filter (where item.gone_at is null and newest_answer.answer = 'wrong') as wrong_count,
    count(*) filter (where item.gone_at is null and newest_answer.answer = 'unreachable') as unreachable_count,
    count(*) filter (where item.gone_at is not null) as gone
from quality.campaign as campaign
inner join quality.campaign_item as item on campaign.campaign_id = item.campaign_id
left join newest_answer on item.item_id = newest_answer.item_id
where campaign.quarter = %(quarter)s
group by grouping sets (
    (campaign.campaign_id, campaign.name, campaign.quarter),
    (campaign.campaign_id, campaign.name, campaign.quarter, item.owner)
)
order by campaign.name, item.owner nulls first
