-- The ERP of the demo company (database demo_erp, schema public). No foreign keys and no checks: a real ERP's export is
-- dirty, and the platform has to cope.

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
    email text,
    address text,
    region_code text,
    industry text,
    owner_username text,
    created_at timestamptz,
    parent_customer_id bigint,
    former_name text,
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
    kind text,
    payer_name text,
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

-- Grain: one row per unit of the organisation, month and kind (signed, invoiced, received); amounts with tax.
create table if not exists staff_target (
    org_unit_code text,
    month date,
    kind text,
    amount numeric(16, 2),
    updated_at timestamptz not null,
    primary key (org_unit_code, month, kind)
);

-- A red-letter invoice takes another one back: its amounts are negative.
create table if not exists invoice (
    invoice_id bigint primary key,
    invoice_number text,
    order_id bigint,
    customer_id bigint,
    kind text,
    state text,
    reversed_invoice_id bigint,
    amount numeric(16, 2),
    net_amount numeric(16, 2),
    tax_rate numeric(5, 3),
    tax_amount numeric(16, 2),
    currency text,
    issued_on date,
    updated_at timestamptz not null
);

-- Grain: one row per part of a receipt that was claimed for an order, and for its contract if it has one.
create table if not exists receipt_claim (
    claim_id bigint primary key,
    receipt_id bigint,
    order_id bigint,
    contract_number text,
    amount numeric(16, 2),
    claimed_by text,
    claimed_at timestamptz,
    updated_at timestamptz not null
);

create table if not exists acceptance_bill (
    bill_id bigint primary key,
    bill_number text,
    receipt_id bigint,
    drawer_name text,
    acceptor text,
    amount numeric(16, 2),
    issued_on date,
    due_on date,
    state text,
    updated_at timestamptz not null
);

create table if not exists retention (
    retention_id bigint primary key,
    contract_number text,
    order_id bigint,
    customer_id bigint,
    share numeric(5, 3),
    amount numeric(16, 2),
    due_on date,
    released_amount numeric(16, 2),
    released_at timestamptz,
    updated_at timestamptz not null
);

create table if not exists product_cost (
    product_id bigint,
    month date,
    unit_cost numeric(14, 2),
    updated_at timestamptz not null,
    primary key (product_id, month)
);

create table if not exists service_cost (
    service_cost_id bigint primary key,
    order_id bigint,
    customer_id bigint,
    kind text,
    amount numeric(16, 2),
    incurred_on date,
    updated_at timestamptz not null
);
