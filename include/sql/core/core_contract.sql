-- Grain: one row per contract.
-- Amounts are brought to one basis and to the workspace's currency at the rate of the day of signing, each to the cent.
-- It counts for the region of its order, else of its customer, and for the position that its owner held on that day.
with taxed as (
    select
        contract.source,
        contract.contract_key,
        contract.contract_number,
        contract.customer_key,
        contract.opportunity_key,
        contract.signed_date,
        contract.amount,
        contract.currency,
        contract.tax_basis,
        coalesce(contract.tax_rate, :usual_tax_rate) as tax_rate,
        coalesce(contract.is_framework, false) as is_framework,
        contract.status,
        contract.owner_username,
        case when coalesce(contract.currency, :currency) = :currency then 1 else rate.rate end as rate
    from staging.stg_contract as contract
    left join core.core_exchange_rate as rate
        on
            nullif(contract.currency, :currency) = rate.currency
            and contract.signed_date >= rate.valid_from
            and contract.signed_date < coalesce(rate.valid_to, date 'infinity')
),

converted as (
    select
        taxed.source,
        taxed.contract_key,
        taxed.contract_number,
        taxed.customer_key,
        taxed.opportunity_key,
        taxed.signed_date,
        taxed.amount,
        taxed.currency,
        taxed.tax_basis,
        taxed.tax_rate,
        taxed.is_framework,
        taxed.status,
        taxed.owner_username,
        round(
            taxed.rate * case when taxed.tax_basis = 'without_tax' then 1 + taxed.tax_rate else 1 end * taxed.amount, 2
        ) as with_tax,
        round(
            taxed.rate * taxed.amount / case when taxed.tax_basis = 'without_tax' then 1 else 1 + taxed.tax_rate end, 2
        ) as without_tax
    from taxed
)

select
    converted.source || ':' || converted.contract_key as contract_key,
    converted.source,
    converted.contract_key as source_contract_key,
    converted.contract_number,
    customer_source.customer_key,
    converted.source || ':' || converted.opportunity_key as opportunity_key,
    contract_order.order_key,
    converted.signed_date,
    cast(date_trunc('month', converted.signed_date) as date) as signed_month,
    converted.with_tax as amount,
    converted.without_tax as net_amount,
    case
        when converted.is_framework or converted.status = 'terminated' then 0 else converted.with_tax
    end as signed_amount,
    converted.amount as document_amount,
    converted.currency,
    converted.tax_basis,
    converted.tax_rate,
    converted.is_framework,
    converted.status,
    converted.owner_username,
    rep.team_code,
    coalesce(rep.business_unit_code, 'unknown') as business_unit_code,
    coalesce(
        nullif(contract_order.region_code, 'unknown'), customer.region_code, rep.region_code, 'unknown'
    ) as region_code
from converted
left join core.core_contract_order as contract_order
    on converted.source = contract_order.source and converted.contract_key = contract_order.source_contract_key
left join core.core_customer_source as customer_source
    on converted.source = customer_source.source and converted.customer_key = customer_source.source_customer_key
left join core.core_customer as customer on customer_source.customer_key = customer.customer_key
left join core.core_sales_rep as rep
    on
        converted.owner_username = rep.username
        and converted.signed_date >= rep.counted_from
        and converted.signed_date < rep.counted_to
