-- Grain: one row per currency and period in which its rate holds.
-- A rate holds from its date until the next one; the workspace's own currency is always worth 1.
with dated as (
    -- Should two sources give a rate for one day, the first by name has it.
    select distinct on (given.currency, given.valid_from)
        given.currency,
        given.valid_from,
        given.rate
    from staging.stg_exchange_rate as given
    where given.currency <> :currency
    order by given.currency, given.valid_from, given.source, given.source_key
)

select
    dated.currency,
    dated.valid_from,
    lead(dated.valid_from) over (partition by dated.currency order by dated.valid_from) as valid_to,
    dated.rate
from dated
union all
select
    :currency as currency,
    date '0001-01-01' as valid_from,
    cast(null as date) as valid_to,
    cast(1 as numeric) as rate
