-- What is true about the generated company. The schema is made with the databases and belongs to demo_truth; no other
-- role has any right on it, so that no pipeline can look up the answers.

revoke all on schema truth from public;

-- Grain: one row, what the ERP was filled from; written last, so that it stands for a complete fill.
create table if not exists truth.generation (
    seed bigint not null,
    scale text not null,
    as_of timestamptz not null,
    business_date date not null,
    last_order_id bigint not null,
    last_receipt_id bigint not null,
    generated_at timestamptz not null default now()
);

-- Grain: one row per day that was added after the fill.
create table if not exists truth.simulated_day (
    business_date date primary key,
    last_order_id bigint not null,
    last_receipt_id bigint not null,
    generated_at timestamptz not null default now()
);

-- Grain: one row per record of a customer, lead or the like, in any system; true_customer_id is the id of the company's
-- first record in the ERP, or one of its own for companies that are not there. variant says how the record differs from
-- the company's proper name; null for a first record. A system's key is that of its source, parts joined by '|'.
create table if not exists truth.cluster (
    system text not null,
    entity text not null,
    key text not null,
    true_customer_id bigint not null,
    variant text,
    primary key (system, entity, key)
);

create index if not exists cluster_true_customer_id on truth.cluster (true_customer_id);

-- Grain: one row per record of a person, in any system.
create table if not exists truth.person (
    system text not null,
    entity text not null,
    key text not null,
    true_contact_id bigint not null,
    variant text,
    primary key (system, entity, key)
);

-- Grain: one row per record of an article, in any system; articles of one family differ in size, material or design.
create table if not exists truth.product (
    system text not null,
    entity text not null,
    key text not null,
    true_product_id bigint not null,
    family text not null,
    variant text,
    primary key (system, entity, key)
);

-- Grain: one row per company that belongs to another one (branch, subsidiary): related, and never one customer.
create table if not exists truth.hierarchy (
    child_customer_id bigint primary key,
    parent_customer_id bigint not null,
    kind text not null
);

-- Grain: one row per pair of customer records of ERP and CRM with near names that are different companies; kind says
-- what they have in common.
create table if not exists truth.trap_pair (
    left_source text not null,
    left_key text not null,
    right_source text not null,
    right_key text not null,
    kind text not null,
    primary key (left_source, left_key, right_source, right_key)
);

-- Grain: one row per company whose phone belongs to several: no proof that they are one.
create table if not exists truth.shared_phone (
    kind text not null,
    phone text not null,
    true_customer_id bigint not null,
    primary key (phone, true_customer_id)
);

-- Grain: one row per wrong row; entity is the system's table, key its primary key with parts joined by '|'.
create table if not exists truth.anomaly (
    system text not null default 'erp',
    kind text not null,
    entity text not null,
    key text not null,
    primary key (system, entity, key)
);

-- Grain: one row per row that looks wrong, or like another customer, and is not.
create table if not exists truth.boundary_case (
    system text not null default 'erp',
    kind text not null,
    entity text not null,
    key text not null,
    primary key (system, entity, key)
);

-- Grain: one row per change that a simulated day made to a system's columns (added, renamed).
create table if not exists truth.drift (
    system text not null,
    entity text not null,
    kind text not null,
    column_name text not null,
    new_name text,
    since date not null,
    primary key (system, entity, column_name)
);

-- Grain: one row per row that a simulated day removed from a system.
create table if not exists truth.deleted (
    system text not null,
    entity text not null,
    key text not null,
    business_date date not null,
    primary key (system, entity, key)
);

-- Grain: one row per planted cause and month whose target it makes the region miss.
create table if not exists truth.cause (
    kind text not null,
    description_en text not null,
    description_zh text not null,
    region_code text not null,
    month date not null,
    primary key (kind, region_code, month)
);

-- Grain: one row per region and month with money or a target; clean rows only, local months.
-- ordered_amount leaves cancelled orders out.
create table if not exists truth.region_month (
    region_code text not null,
    month date not null,
    received_amount numeric not null,
    ordered_amount numeric not null,
    target_amount numeric,
    primary key (region_code, month)
);

-- Grain: one row per figure over the clean rows.
create table if not exists truth.expected (
    figure text primary key,
    value numeric not null
);
