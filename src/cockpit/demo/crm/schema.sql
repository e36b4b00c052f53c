-- The CRM of the demo company (database demo_crm, schema public). As in the ERP, nothing is enforced.

create schema if not exists generator;

-- Grain: one row per simulated day, with what is true about it; no reader of the CRM sees it.
create table if not exists generator.simulated_day (
    business_date date primary key,
    result jsonb not null
);

create table if not exists org_unit (
    org_unit_code text primary key,
    parent_code text,
    level text,
    name_en text,
    name_zh text,
    business_unit_code text,
    sales_region_code text,
    region_code text,
    updated_at timestamptz not null
);

create table if not exists app_user (
    user_id bigint primary key,
    username text,
    name text,
    role text,
    org_unit_code text,
    manager_user_id bigint,
    email text,
    phone text,
    valid_from date,
    valid_to date,
    updated_at timestamptz not null
);

create table if not exists account (
    account_id bigint primary key,
    account_number text,
    name text,
    former_name text,
    credit_code text,
    phone text,
    email text,
    headcount text,
    industry text,
    region_code text,
    address text,
    website text,
    status text,
    parent_account_id bigint,
    owner_username text,
    created_at timestamptz,
    updated_at timestamptz not null
);

create table if not exists contact (
    contact_id bigint primary key,
    account_id bigint,
    name text,
    title text,
    department text,
    mobile text,
    email text,
    birthday date,
    is_primary boolean,
    is_left boolean,
    owner_username text,
    created_at timestamptz,
    updated_at timestamptz not null
);

create table if not exists lead (
    lead_id bigint primary key,
    company text,
    contact_name text,
    mobile text,
    email text,
    region_code text,
    source text,
    campaign text,
    headcount text,
    remark text,
    status text,
    account_id bigint,
    owner_username text,
    created_at timestamptz,
    updated_at timestamptz not null
);

create table if not exists opportunity (
    opportunity_id bigint primary key,
    opportunity_number text,
    account_id bigint,
    contact_id bigint,
    name text,
    stage text,
    amount numeric(16, 2),
    currency text,
    budget text,
    product_category text,
    competitor text,
    loss_reason text,
    loss_remark text,
    owner_username text,
    expected_close_on date,
    created_at timestamptz,
    closed_at timestamptz,
    updated_at timestamptz not null
);

-- Grain: one row per stage that an opportunity entered.
create table if not exists opportunity_stage_history (
    history_id bigint primary key,
    opportunity_id bigint,
    stage text,
    entered_at timestamptz,
    changed_by text,
    updated_at timestamptz not null
);

-- A framework contract has no amount of its own. order_number is that of the ERP.
create table if not exists contract (
    contract_id bigint primary key,
    contract_number text,
    opportunity_id bigint,
    account_id bigint,
    order_number text,
    signed_on date,
    amount numeric(16, 2),
    currency text,
    tax_basis text,
    tax_rate numeric(5, 3),
    is_framework boolean,
    payment_terms text,
    status text,
    owner_username text,
    created_at timestamptz,
    updated_at timestamptz not null
);

create table if not exists activity (
    activity_id bigint primary key,
    kind text,
    account_id bigint,
    opportunity_id bigint,
    contact_id bigint,
    owner_username text,
    started_at timestamptz,
    minutes int,
    subject text,
    notes text,
    result text,
    next_step text,
    created_at timestamptz,
    updated_at timestamptz not null
);

-- The files lie elsewhere; record_type says which table record_id belongs to.
create table if not exists attachment (
    attachment_id text primary key,
    record_type text,
    record_id bigint,
    kind text,
    file_name text,
    media_type text,
    size_bytes bigint,
    url text,
    uploaded_by text,
    created_at timestamptz,
    updated_at timestamptz not null
);
