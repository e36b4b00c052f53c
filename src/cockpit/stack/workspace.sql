-- The layers of one workspace database; run by the administrator at every start, so each statement may be repeated.
create schema if not exists raw authorization cockpit_etl;
create schema if not exists staging authorization cockpit_etl;
create schema if not exists core authorization cockpit_etl;
create schema if not exists marts authorization cockpit_etl;
create schema if not exists quality authorization cockpit_etl;
create schema if not exists ops authorization cockpit_etl;
create schema if not exists mdm authorization cockpit_etl;
create schema if not exists security authorization cockpit_etl;

-- Readers name what they read; nobody creates tables beside the layers.
revoke all on schema public from public;

-- Which marts bi_reader reads, and which rows, is decided table by table (include/sql/security).
grant usage on schema marts to bi_reader;
