-- The ERP of the demo company (database demo_erp, schema public). No foreign keys and no checks: a real ERP's export is
-- dirty, and the platform has to cope. The indexes on updated_at are what an incremental reader needs.

create table if not exists region (
    region_code text primary key,
    name_en text,
    name_zh text,
    sales_region_code text,
    updated_at timestamptz not null
);

create table if not exists customer (
    customer_id bigint primary key,
    name text,
    credit_code text,
    phone text,
    region_code text,
    industry text,
    owner_username text,
    created_at timestamptz,
    updated_at timestamptz not null
);

create table if not exists product (
    product_id bigint primary key,
    product_code text,
    name_en text,
    name_zh text,
    category text,
    list_price numeric(14, 2),
    updated_at timestamptz not null
);

create table if not exists sales_order (
    order_id bigint primary key,
    order_number text,
    customer_id bigint,
    region_code text,
    ordered_at timestamptz,
    status text,
    currency text,
    updated_at timestamptz not null
);

create table if not exists sales_order_line (
    order_id bigint,
    line_number int,
    product_id bigint,
    quantity numeric(14, 3),
    unit_price numeric(14, 4),
    amount numeric(16, 2),
    updated_at timestamptz not null,
    primary key (order_id, line_number)
);

create table if not exists receipt (
    receipt_id bigint primary key,
    receipt_number text,
    customer_id bigint,
    order_id bigint,
    region_code text,
    received_at timestamptz,
    amount numeric(16, 2),
    currency text,
    updated_at timestamptz not null
);

create table if not exists region_target (
    region_code text,
    month date,
    kind text,
    amount numeric(16, 2),
    updated_at timestamptz not null,
    primary key (region_code, month, kind)
);

create index if not exists customer_updated_at on customer (updated_at);
create index if not exists sales_order_updated_at on sales_order (updated_at);
create index if not exists sales_order_line_updated_at on sales_order_line (updated_at);
create index if not exists receipt_updated_at on receipt (updated_at);
