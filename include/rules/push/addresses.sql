-- Grain: one row per user of the CRM who is employed. How people who have no login here are reached.
select
    username,
    name,
    email,
    phone as mobile
from staging.stg_crm__app_user
where
    not is_quarantined
    and valid_from <= :business_date
    and coalesce(valid_to, date '9999-12-31') >= :business_date
order by valid_from
