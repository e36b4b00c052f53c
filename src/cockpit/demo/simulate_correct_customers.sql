-- A user corrects a customer's phone number.
update customer
set
    phone = %(phone)s,
    updated_at = %(updated_at)s
where customer_id = %(customer_id)s
