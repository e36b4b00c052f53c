-- Grain: one row per month, model, channel and campaign that has any credit.
-- Models say the same money in different ways: a figure is of one of them, and is never summed over several.
with model as (
    select
        rule.body ->> 'id' as model,
        rule.body ->> 'name_en' as name_en,
        rule.body ->> 'name_zh' as name_zh
    from jsonb_array_elements(cast(:attribution_models as jsonb)) as rule (body)
)

select
    credit.conversion_month,
    credit.model,
    model.name_en as model_name_en,
    model.name_zh as model_name_zh,
    credit.model = :attribution_model as is_default,
    credit.channel_code,
    channel.name_en as channel_name_en,
    channel.name_zh as channel_name_zh,
    channel.kind as channel_kind,
    credit.campaign,
    credit.credited_count,
    credit.credited_amount
from core.core_attribution as credit
inner join model on credit.model = model.model
inner join core.core_channel as channel on credit.channel_code = channel.channel_code
