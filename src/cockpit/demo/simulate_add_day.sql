-- Says that the day is complete.
insert into truth.simulated_day (business_date, last_order_id, last_receipt_id)
values (:business_date, :last_order_id, :last_receipt_id)
