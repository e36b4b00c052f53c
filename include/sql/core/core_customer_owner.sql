-- Grain: one row per golden customer and period in which it had this owner and region.
-- For joins as of a moment: the first period reaches back to -infinity, because history begins with the first run.
with version as (
    select
        customer.customer_key,
        coalesce(kept.valid_from, timestamptz '-infinity') as valid_from,
        case
            when kept.valid_to is null then customer.owner_username else kept.content ->> 'owner_username'
        end as owner_username,
        coalesce(
            case when kept.valid_to is null then customer.region_code else kept.content ->> 'region_code' end,
            'unknown'
        ) as region_code
    from core.core_customer as customer
    left join mdm.golden_version as kept
        on customer.customer_key = kept.golden_id and kept.entity = 'customer'
),

compared as (
    select
        version.customer_key,
        version.valid_from,
        version.owner_username,
        version.region_code,
        lag(version.valid_from) over in_order as previous_from,
        lag(version.owner_username) over in_order as previous_owner,
        lag(version.region_code) over in_order as previous_region
    from version
    window in_order as (partition by version.customer_key order by version.valid_from)
),

-- A customer that was away for a time goes on with the owner from before until it is back.
change as (
    select
        compared.customer_key,
        case
            when compared.previous_from is null then timestamptz '-infinity' else compared.valid_from
        end as valid_from,
        compared.owner_username,
        compared.region_code
    from compared
    where
        compared.previous_from is null
        or compared.owner_username is distinct from compared.previous_owner
        or compared.region_code <> compared.previous_region
)

select
    change.customer_key,
    change.valid_from,
    lead(change.valid_from) over (partition by change.customer_key order by change.valid_from) as valid_to,
    change.owner_username,
    change.region_code
from change
