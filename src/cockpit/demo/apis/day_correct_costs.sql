-- The platforms found more clicks for the last days.
update ads_cost
set
    cost = round(cost * 1.02, 2),
    changed_at = :as_of
where cost_date >= :first_date
