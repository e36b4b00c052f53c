-- A user corrects a customer's phone number.
update customer
set
    phone = :phone,
    updated_at = :updated_at
where customer_id = :customer_id
