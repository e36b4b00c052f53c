-- The order in which the APIs list their rows; made after a fill, because a loaded table is indexed faster than rows.
create index if not exists scm_shipment_changed on scm_shipment (changed_at, shipment_id);
create index if not exists scm_shipment_order on scm_shipment (order_number);
create index if not exists scm_stock_changed on scm_stock (changed_at, stock_id);
create index if not exists scm_material_changed on scm_material (changed_at, material_id);
create index if not exists wecom_contact_changed on wecom_contact (changed_at, contact_id);
create index if not exists wecom_chat_changed on wecom_chat (changed_at, chat_id);
create index if not exists feed_post_changed on feed_post (changed_at, post_id);
create index if not exists feed_note_changed on feed_note (changed_at, note_id);
create index if not exists desk_ticket_changed on desk_ticket (changed_at, ticket_id);
create index if not exists desk_event_changed on desk_event (changed_at, event_id);
create index if not exists shop_member_changed on shop_member (changed_at, member_id);
create index if not exists shop_order_changed on shop_order (changed_at, order_id);
create index if not exists shop_slip_changed on shop_slip (changed_at, slip_id);
create index if not exists ads_cost_changed on ads_cost (changed_at, cost_id);
