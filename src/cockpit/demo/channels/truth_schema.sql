-- What is true about the files and small systems around the ERP. System and entity are named as in the source files.

-- Grain: one row per line that no parser reads; numbers are physical lines from 1.
create table if not exists truth.broken_line (
    system text not null,
    entity text not null,
    file text not null,
    line_number int not null,
    kind text not null,
    primary key (system, entity, file, line_number)
);

-- Grain: one row per file that came late, twice or corrected.
create table if not exists truth.special_file (
    system text not null,
    entity text not null,
    file text not null,
    kind text not null,
    primary key (system, entity, file, kind)
);

-- Grain: one row per behaviour stream and local day on which sessions began; people only, no bots. Page views and
-- seconds between them count for the day on which their session began.
create table if not exists truth.web_session (
    system text not null,
    entity text not null,
    business_date date not null,
    sessions int not null,
    page_views int not null,
    visitors int not null,
    dwell_seconds bigint not null,
    primary key (system, entity, business_date)
);

-- Grain: one row per line of the bank statements that is a receipt of the ERP: what claiming should find.
create table if not exists truth.bank_receipt (
    serial text primary key,
    receipt_number text not null,
    customer_id bigint not null,
    -- 1 when somebody else paid for the customer
    is_third_party smallint not null
);

-- Grain: one row per total of an entity.
create table if not exists truth.channel_figure (
    system text not null,
    entity text not null,
    figure text not null,
    value bigint not null,
    primary key (system, entity, figure)
);
