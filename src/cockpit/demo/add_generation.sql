-- Says that the fill is complete.
insert into truth.generation (seed, scale, as_of, business_date, last_order_id, last_receipt_id)
values (:seed, :scale, :as_of, :business_date, :last_order_id, :last_receipt_id)
