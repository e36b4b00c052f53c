-- Add a day's clean totals.
update truth.expected
set value = value + cast(:value as numeric)
where figure = :figure
