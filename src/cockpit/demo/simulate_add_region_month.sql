-- Add a day's clean money to what is true of its months.
insert into truth.region_month as known (region_code, month, received_amount, ordered_amount)
values (:region_code, :month, :received_amount, :ordered_amount)
on conflict (region_code, month) do update
set
    received_amount = known.received_amount + excluded.received_amount,
    ordered_amount = known.ordered_amount + excluded.ordered_amount
