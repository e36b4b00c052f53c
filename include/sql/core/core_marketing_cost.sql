-- Grain: one row per bill of an advertising platform.
-- A platform that no channel names is 'unknown'. Of a currency without a rate on that day the amount is null.
with meaning as (
    select
        rule.body ->> 'value' as platform_code,
        rule.body ->> 'channel_code' as channel_code
    from jsonb_array_elements(cast(:channel_meanings as jsonb)) as rule (body)
    where rule.body ->> 'kind' = 'ads'
)

select
    cost.source || ':' || cost.source_key as marketing_cost_key,
    cost.source,
    cost.source_key,
    coalesce(meaning.channel_code, :ads_channel) as channel_code,
    cost.platform_code,
    cost.campaign,
    cost.cost_date,
    cast(date_trunc('month', cost.cost_date) as date) as cost_month,
    cost.amount * exchange.rate as amount,
    cost.amount as document_amount,
    cost.currency,
    cost.impressions,
    cost.clicks
from staging.stg_marketing_cost as cost
left join meaning on lower(cost.platform_code) = meaning.platform_code
left join core.core_exchange_rate as exchange
    on
        coalesce(cost.currency, :currency) = exchange.currency
        and cost.cost_date >= exchange.valid_from
        and (cost.cost_date < exchange.valid_to or exchange.valid_to is null)
