-- Grain: one row per claim of a receipt that money is left for, and one for what nobody claimed.
-- Claims are served in the order in which they were made, none beyond the receipt; one of the other sign than the
-- receipt is an error and is passed over. One for a contract alone is for its order. A receipt without claims is the
-- order's that it names. The parts of a receipt add up to it to the cent: foreign money is split by rounding the
-- running total, not the parts.
-- Should a number stand on two contracts, the first one has it.
with contract as (
    select distinct on (signed.contract_number)
        signed.contract_number,
        signed.contract_key,
        signed.order_key
    from core.core_contract as signed
    where signed.contract_number is not null
    order by signed.contract_number, signed.contract_key
),

claim as (
    select
        receipt.source,
        receipt.source_receipt_key,
        receipt.receipt_key,
        receipt.customer_key,
        receipt.region_code,
        receipt.received_date,
        receipt.received_month,
        receipt.amount,
        abs(receipt.document_amount) as limit_amount,
        stated.claim_key,
        coalesce(stated.source || ':' || stated.order_key, contract.order_key) as order_key,
        contract.contract_key,
        stated.contract_number,
        stated.claimed_by,
        stated.claimed_at,
        abs(stated.amount) as claimed_amount,
        sum(abs(stated.amount)) over (
            partition by receipt.receipt_key
            order by stated.claimed_at, length(stated.claim_key), stated.claim_key
        ) as reached
    from staging.stg_receipt_claim as stated
    inner join core.core_receipt as receipt
        on stated.source = receipt.source and stated.receipt_key = receipt.source_receipt_key
    left join contract on stated.contract_number = contract.contract_number
    where stated.amount * receipt.document_amount > 0
),

served as (
    select
        claim.source,
        claim.source_receipt_key,
        claim.receipt_key,
        claim.customer_key,
        claim.region_code,
        claim.received_date,
        claim.received_month,
        claim.claim_key,
        claim.order_key,
        claim.contract_key,
        claim.contract_number,
        claim.claimed_by,
        claim.claimed_at,
        case
            when claim.reached >= claim.limit_amount then claim.amount
            else round(claim.amount * claim.reached / claim.limit_amount, 2)
        end
        - case
            when claim.reached = claim.claimed_amount then 0
            else round(claim.amount * (claim.reached - claim.claimed_amount) / claim.limit_amount, 2)
        end as amount
    from claim
    where claim.reached - claim.claimed_amount < claim.limit_amount
),

served_total as (
    select
        served.receipt_key,
        sum(served.amount) as amount
    from served
    group by served.receipt_key
),

part as (
    select
        served.receipt_key || '/' || served.claim_key as allocation_key,
        served.source,
        served.source_receipt_key,
        served.receipt_key,
        'claim' as basis,
        served.order_key,
        served.contract_key,
        served.contract_number,
        served.customer_key,
        served.region_code,
        served.amount,
        served.received_date,
        served.received_month,
        served.claimed_by,
        served.claimed_at
    from served
    union all
    select
        receipt.receipt_key || '/' as allocation_key,
        receipt.source,
        receipt.source_receipt_key,
        receipt.receipt_key,
        case
            when served_total.receipt_key is null and receipt.order_key is not null then 'receipt'
            else 'unclaimed'
        end as basis,
        case when served_total.receipt_key is null then receipt.order_key end as order_key,
        cast(null as text) as contract_key,
        cast(null as text) as contract_number,
        receipt.customer_key,
        receipt.region_code,
        receipt.amount - coalesce(served_total.amount, 0) as amount,
        receipt.received_date,
        receipt.received_month,
        cast(null as text) as claimed_by,
        cast(null as timestamptz) as claimed_at
    from core.core_receipt as receipt
    left join served_total on receipt.receipt_key = served_total.receipt_key
    where served_total.receipt_key is null or receipt.amount <> served_total.amount
)

select
    part.allocation_key,
    part.source,
    part.source_receipt_key,
    part.receipt_key,
    part.basis,
    part.order_key,
    part.contract_key,
    part.contract_number,
    part.customer_key,
    part.region_code,
    part.amount,
    part.received_date,
    part.received_month,
    part.claimed_by,
    part.claimed_at,
    part.basis <> 'unclaimed' as is_claimed
from part
