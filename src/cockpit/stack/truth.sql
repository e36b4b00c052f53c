-- The demo's truth: pipelines (cockpit_etl) get no right on it; its owner reads what it scores.
-- Marts are protected by row policies too: a policy has to name demo_truth before it sees a row.
create schema if not exists truth authorization demo_truth;

grant usage on schema raw, core, marts, quality, ops, mdm to demo_truth;
grant select on all tables in schema raw, core, marts, quality, ops, mdm to demo_truth;
alter default privileges for role cockpit_etl in schema raw, core, marts, quality, ops, mdm
grant select on tables to demo_truth;

-- include/sql/security/provision.sql takes the language from the public; schema truth has functions of its own.
grant usage on language plpgsql to demo_truth;
