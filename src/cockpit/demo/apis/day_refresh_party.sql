-- What the ERP says about a customer now.
insert into party (customer_id, name, phone, owner_username)
values (:customer_id, :name, :phone, :owner_username)
on conflict (customer_id) do update set
    name = excluded.name,
    phone = excluded.phone,
    owner_username = excluded.owner_username
