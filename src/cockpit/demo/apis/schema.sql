-- What the systems behind the web APIs hold (database demo_apis). Tables are typed and tidy; each view
-- api_<system>_<entity> shows its rows as the API gives them away: other names, nested, and each number and date in
-- the form that this system's users prefer. Times leave with the session's time zone, Asia/Shanghai, where nothing
-- else is said.
--
-- Every view has the same three columns: id and changed_at order the rows, record is what is sent.

-- Grain: one row per customer of the ERP, the address book that the systems once were given.
create table if not exists party (
    customer_id bigint primary key,
    name text,
    phone text,
    owner_username text
);

create table if not exists scm_shipment (
    shipment_id bigint primary key,
    order_number text,
    customer_id bigint,
    part int not null,
    warehouse_code text,
    carrier text,
    tracking_number bigint,
    status text,
    weight_grams bigint,
    freight numeric(12, 2),
    planned_on date,
    shipped_at timestamptz,
    signed_at timestamptz,
    changed_at timestamptz not null
);

create table if not exists scm_stock (
    stock_id bigint primary key,
    warehouse_code text,
    product_code text,
    on_hand bigint,
    reserved bigint,
    changed_at timestamptz not null
);

create table if not exists scm_material (
    material_id bigint primary key,
    material_number text,
    name text,
    name_en text,
    specification text,
    unit text,
    changed_at timestamptz not null
);

create table if not exists wecom_contact (
    contact_id bigint primary key,
    customer_id bigint,
    name text,
    gender int,
    mobile text,
    position_text text,
    add_way text,
    tags text,
    owner_username text,
    created_at timestamptz not null,
    changed_at timestamptz not null
);

create table if not exists wecom_chat (
    chat_id bigint primary key,
    contact_id bigint,
    owner_username text,
    received_count int,
    sent_count int,
    first_reply_seconds bigint,
    last_message_at timestamptz,
    changed_at timestamptz not null
);

create table if not exists feed_post (
    post_id bigint primary key,
    platform text,
    author text,
    body text,
    like_count int,
    published_at timestamptz,
    changed_at timestamptz not null
);

create table if not exists feed_note (
    note_id bigint primary key,
    publisher text,
    title text,
    industry text,
    published_on date,
    changed_at timestamptz not null
);

create table if not exists desk_ticket (
    ticket_id bigint primary key,
    customer_id bigint,
    number_style text,
    contact_name text,
    subject text,
    product_code text,
    priority text,
    channel text,
    agent text,
    opened_at timestamptz,
    first_reply_at timestamptz,
    solved_at timestamptz,
    changed_at timestamptz not null
);

create table if not exists desk_event (
    event_id bigint primary key,
    ticket_id bigint,
    kind text,
    author text,
    minutes int,
    score int,
    happened_at timestamptz,
    changed_at timestamptz not null
);

create table if not exists shop_member (
    member_id bigint primary key,
    name text,
    gender int,
    birth_date date,
    mobile text,
    city text,
    registered_at timestamptz,
    changed_at timestamptz not null
);

create table if not exists shop_order (
    order_id bigint primary key,
    member_id bigint,
    channel text,
    status text,
    payment numeric(12, 2),
    placed_at timestamptz,
    paid_at timestamptz,
    changed_at timestamptz not null
);

create table if not exists shop_order_line (
    order_id bigint,
    line_number int,
    product_code text,
    title text,
    quantity int,
    price numeric(12, 2),
    primary key (order_id, line_number)
);

create table if not exists shop_slip (
    slip_id bigint primary key,
    store_code text,
    member_id bigint,
    amount numeric(12, 2),
    pay_method text,
    paid_at timestamptz,
    changed_at timestamptz not null
);

create table if not exists ads_cost (
    cost_id bigint primary key,
    cost_date date,
    channel text,
    channel_code text,
    impressions bigint,
    clicks bigint,
    cost numeric(12, 2),
    currency text,
    changed_at timestamptz not null
);

create or replace view api_scm_shipment as
select
    shipment.shipment_id as id,
    shipment.changed_at,
    json_build_object(
        'shipment_no', 'SH' || lpad(cast(shipment.shipment_id as text), 9, '0'),
        'order_no', shipment.order_number,
        'part', shipment.part,
        'warehouse_code', shipment.warehouse_code,
        'carrier', shipment.carrier,
        'tracking_no', shipment.tracking_number,
        'status', shipment.status,
        'weight', case shipment.shipment_id % 4
            when 0 then shipment.weight_grams || 'g'
            when 1 then round(shipment.weight_grams / 1000.0, 2) || 'kg'
            when 2 then round(shipment.weight_grams / 1000.0, 1) || ' KG'
            else cast(round(shipment.weight_grams / 1000.0, 3) as text)
        end,
        'freight', json_build_object('amount', cast(shipment.freight as text), 'currency', 'CNY'),
        'plan_date', to_char(shipment.planned_on, 'YYYY/MM/DD'),
        'ship_time', to_char(shipment.shipped_at, 'YYYY-MM-DD HH24:MI:SS'),
        'sign_time', to_char(shipment.signed_at, 'YYYY-MM-DD HH24:MI:SS'),
        'consignee', json_build_object('cust_name', party.name, 'mobile', party.phone),
        'update_time', shipment.changed_at
    ) as record
from scm_shipment as shipment
left join party on shipment.customer_id = party.customer_id;

create or replace view api_scm_inventory as
select
    stock.stock_id as id,
    stock.changed_at,
    json_build_object(
        'warehouse_code', stock.warehouse_code,
        'sku', stock.product_code,
        'on_hand', stock.on_hand,
        'reserved', stock.reserved,
        'update_time', stock.changed_at
    ) as record
from scm_stock as stock;

create or replace view api_scm_material as
select
    material.material_id as id,
    material.changed_at,
    json_build_object(
        'material_no', material.material_number,
        'name', material.name,
        'name_en', material.name_en,
        'model', material.specification,
        'unit', material.unit,
        'update_time', material.changed_at
    ) as record
from scm_material as material;

create or replace view api_wecom_external_contact as
select
    contact.contact_id as id,
    contact.changed_at,
    json_build_object(
        'external_userid', 'wm' || substr(md5('contact' || contact.contact_id), 1, 20),
        'name', contact.name,
        'type', case when contact.customer_id is null then 1 else 2 end,
        'corp_name', case contact.contact_id % 3
            when 0 then regexp_replace(party.name, '(股份|集团)?有限(责任)?公司$', '')
            else party.name
        end,
        'position', contact.position_text,
        'gender', contact.gender,
        'remark_mobile', contact.mobile,
        'add_way', contact.add_way,
        'tags', cast(contact.tags as json),
        'follow_user', json_build_object('userid', contact.owner_username),
        'createtime', cast(extract(epoch from contact.created_at) as bigint),
        'update_time', cast(extract(epoch from contact.changed_at) as bigint)
    ) as record
from wecom_contact as contact
left join party on contact.customer_id = party.customer_id;

create or replace view api_wecom_chat as
select
    chat.chat_id as id,
    chat.changed_at,
    json_build_object(
        'chat_id', 'wr' || lpad(cast(chat.chat_id as text), 10, '0'),
        'external_userid', 'wm' || substr(md5('contact' || chat.contact_id), 1, 20),
        'userid', chat.owner_username,
        'recv_count', chat.received_count,
        'send_count', chat.sent_count,
        'first_reply_seconds', chat.first_reply_seconds,
        'last_msg_time', cast(extract(epoch from chat.last_message_at) as bigint),
        'update_time', cast(extract(epoch from chat.changed_at) as bigint)
    ) as record
from wecom_chat as chat;

create or replace view api_market_feed_post as
select
    post.post_id as id,
    post.changed_at,
    json_build_object(
        'id', 'p' || lpad(cast(post.post_id as text), 8, '0'),
        'platform', post.platform,
        'author_nick', post.author,
        'text', post.body,
        'likes', case
            when post.like_count >= 10000
                then round(post.like_count / 10000.0, 1) || '万'
            else cast(post.like_count as text)
        end,
        'url', 'https://feed.example/p/' || post.post_id,
        'published_at', post.published_at,
        'updated_at', post.changed_at
    ) as record
from feed_post as post;

create or replace view api_market_feed_note as
select
    note.note_id as id,
    note.changed_at,
    json_build_object(
        'id', 'n' || lpad(cast(note.note_id as text), 8, '0'),
        'publisher', note.publisher,
        'title', note.title,
        'industry', note.industry,
        'published_on', case note.note_id % 2
            when 0 then to_char(note.published_on, 'YYYY-MM-DD')
            else to_char(note.published_on, 'YYYY"年"FMMM"月"FMDD"日"')
        end,
        'link', 'https://feed.example/n/' || note.note_id || '.pdf',
        'updated_at', note.changed_at
    ) as record
from feed_note as note;

create or replace view api_service_desk_ticket as
select
    ticket.ticket_id as id,
    ticket.changed_at,
    json_build_object(
        'id', ticket.ticket_id,
        'subject', ticket.subject,
        'customer_no', case ticket.number_style
            when 'account' then 'A' || lpad(cast(ticket.customer_id as text), 7, '0')
            when 'lower' then 'a' || lpad(cast(ticket.customer_id as text), 7, '0') || ' '
            when 'plain' then cast(ticket.customer_id as text)
        end,
        'requester', json_build_object('full_name', ticket.contact_name, 'company', party.name, 'tel', party.phone),
        'item_code', ticket.product_code,
        'priority', ticket.priority,
        'channel', ticket.channel,
        'status', case when ticket.solved_at is not null then 'solved' else 'open' end,
        'assignee', ticket.agent,
        'created_at', to_char(ticket.opened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'first_reply_at', to_char(ticket.first_reply_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'solved_at', to_char(ticket.solved_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'updated_at', to_char(ticket.changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    ) as record
from desk_ticket as ticket
left join party on ticket.customer_id = party.customer_id;

create or replace view api_service_desk_ticket_event as
select
    event.event_id as id,
    event.changed_at,
    json_build_object(
        'id', event.event_id,
        'ticket_id', event.ticket_id,
        'type', event.kind,
        'author', event.author,
        'minutes', event.minutes,
        'score', event.score,
        'created_at', to_char(event.happened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'updated_at', to_char(event.changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    ) as record
from desk_event as event;

create or replace view api_shop_member as
select
    member.member_id as id,
    member.changed_at,
    json_build_object(
        'member_id', 'M' || lpad(cast(member.member_id as text), 8, '0'),
        '姓名', member.name,
        'gender', case member.member_id % 3
            when 0 then case member.gender when 1 then '男' when 2 then '女' end
            when 1 then case member.gender when 1 then 'M' when 2 then 'F' end
            else cast(member.gender as text)
        end,
        'birthday', member.birth_date,
        '手机号', member.mobile,
        'city', member.city,
        'registered', to_char(member.registered_at, 'YYYY-MM-DD HH24:MI:SS'),
        'modified', cast(extract(epoch from member.changed_at) * 1000 as bigint)
    ) as record
from shop_member as member;

create or replace view api_shop_shop_order as
select
    shop_order.order_id as id,
    shop_order.changed_at,
    json_build_object(
        'order_sn', 'E' || lpad(cast(shop_order.order_id as text), 10, '0'),
        'buyer', json_build_object('member_id', 'M' || lpad(cast(shop_order.member_id as text), 8, '0')),
        'platform', shop_order.channel,
        'status', shop_order.status,
        'total_fee', case shop_order.order_id % 4
            when 0 then '¥' || ltrim(to_char(shop_order.payment, '999,999,990.00'))
            when 1 then cast(shop_order.payment as text)
            when 2 then shop_order.payment || '元'
            else translate(cast(shop_order.payment as text), '0123456789.', '０１２３４５６７８９．')
        end,
        'payment', cast(shop_order.payment as text),
        'currency', 'CNY',
        'items', (
            select
                json_agg(
                    json_build_object(
                        'sku', line.product_code, 'title', line.title, 'qty', line.quantity, 'price', line.price
                    )
                    order by line.line_number
                )
            from shop_order_line as line
            where line.order_id = shop_order.order_id
        ),
        'created', to_char(shop_order.placed_at, 'YYYY-MM-DD HH24:MI:SS'),
        'pay_time', to_char(shop_order.paid_at, 'YYYY/MM/DD HH24:MI'),
        'modified', cast(extract(epoch from shop_order.changed_at) * 1000 as bigint)
    ) as record
from shop_order;

create or replace view api_shop_pos_slip as
select
    slip.slip_id as id,
    slip.changed_at,
    json_build_object(
        'slip_no', slip.store_code || '-' || lpad(cast(slip.slip_id as text), 8, '0'),
        'store_code', slip.store_code,
        'member_id', 'M' || lpad(cast(slip.member_id as text), 8, '0'),
        'amount', case slip.slip_id % 3
            when 0 then ltrim(to_char(slip.amount, '999,999,990.00')) else cast(slip.amount as text)
        end,
        'paid', cast(slip.amount as text),
        'pay_method', slip.pay_method,
        'paid_at', to_char(slip.paid_at, 'YYYY-MM-DD HH24:MI:SS'),
        'modified', cast(extract(epoch from slip.changed_at) * 1000 as bigint)
    ) as record
from shop_slip as slip;

create or replace view api_ads_campaign_cost as
select
    cost.cost_id as id,
    cost.changed_at,
    json_build_object(
        'date', to_char(cost.cost_date, 'YYYYMMDD'),
        'channel_text', cost.channel,
        'channel_code', cost.channel_code,
        'utm_campaign', cost.channel_code || '-' || to_char(cost.cost_date, 'YYYY"Q"Q'),
        'impressions', cost.impressions,
        'clicks', cost.clicks,
        'cost', cast(cost.cost as text),
        'cost_text', case
            when abs(cost.cost) >= 10000
                then round(cost.cost / 10000, 2) || '万'
            else ltrim(to_char(cost.cost, '999,990.00'))
        end,
        'currency', cost.currency,
        'last_modified', cost.changed_at
    ) as record
from ads_cost as cost;

-- What the generator itself has to remember; it is none of the APIs' rows.
create schema if not exists generator;

-- Grain: one row, what the tables were filled from; written with them in one transaction.
create table if not exists generator.fill (
    seed bigint not null,
    scale text not null,
    as_of timestamptz not null
);

-- Grain: one row per further day, with the rows that it brought per table.
create table if not exists generator.simulated_day (
    business_date date primary key,
    counts jsonb not null
);
