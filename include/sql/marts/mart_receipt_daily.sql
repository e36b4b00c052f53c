-- Grain: one row per (received_date, region_code).
select
    receipt.received_date,
    receipt.region_code,
    sum(receipt.amount) as received_amount,
    count(*) as receipt_count,
    :currency as currency
from core.core_receipt as receipt
group by receipt.received_date, receipt.region_code
