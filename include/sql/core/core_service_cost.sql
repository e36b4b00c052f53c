-- Grain: one row per cost of serving a customer.
select
    cost.source || ':' || cost.service_cost_key as service_cost_key,
    cost.source,
    cost.service_cost_key as source_service_cost_key,
    customer.customer_key,
    cost.source || ':' || cost.order_key as order_key,
    cost.kind,
    case
        when coalesce(cost.currency, :currency) = :currency then cost.amount
        else round(cost.amount * rate.rate, 2)
    end as amount,
    cost.incurred_on as incurred_date,
    cast(date_trunc('month', cost.incurred_on) as date) as incurred_month
from staging.stg_service_cost as cost
left join core.core_exchange_rate as rate
    on
        cost.currency = rate.currency
        and cost.incurred_on >= rate.valid_from
        and cost.incurred_on < coalesce(rate.valid_to, date 'infinity')
left join core.core_customer_source as customer
    on cost.source = customer.source and cost.customer_key = customer.source_customer_key
