-- Applied by the model runner to every mart table, in the transaction that creates it; repeatable.
-- Places to fill, quoted by the runner:
--   {table}         schema-qualified table, for example marts.mart_receipt_daily
--   {scope_column}  the column that says whose row it is, for example region_code
--   {scope_kind}    string literal of the kind of scope that column holds, for example 'region'
-- A table without these policies shows bi_reader nothing: it has no grant, and with a grant but no policy no row.
alter table {table} enable row level security;
-- The owner too: a masking view reads with its owner's rights.
alter table {table} force row level security;

drop policy if exists pipeline_all on {table};
create policy pipeline_all on {table}
for all to cockpit_etl using (true) with check (true);

drop policy if exists reader_scope on {table};
create policy reader_scope on {table}
for select to bi_reader
using (
    -- Sub-selects are evaluated once per statement, not once per row, and keep parallel plans.
    (select security.has_full_scope())
    or {scope_column} in (select unnest(security.scope_keys({scope_kind})))
);

-- The demo's scorer compares what the marts say with what was planted; nothing else has this login.
drop policy if exists scorer_all on {table};
create policy scorer_all on {table}
for select to demo_truth using (true);

grant select on {table} to bi_reader;
