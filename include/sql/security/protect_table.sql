-- Applied by the model runner to every mart table, in the transaction that creates it; repeatable.
-- Places to fill, in braces below:
--   table            schema-qualified table, for example marts.mart_receipt_daily
--   view             its masking view, made by mask_columns.sql where there are personal columns
--   row_is_in_scope  a condition for everything, and one for each kind of scope that its row_scope names, as in
--                    (select security.has_full_scope('mart_lead'))
--                    or region_code in (select unnest(security.scope_keys('mart_lead', 'region')))
-- A table without these policies shows bi_reader nothing: it has no grant, and with a grant but no policy no row.
alter table {table} enable row level security;
-- The owner too: a masking view reads with its owner's rights.
alter table {table} force row level security;

drop policy if exists pipeline_all on {table};
create policy pipeline_all on {table}
for all to cockpit_etl using (true) with check (true);

drop policy if exists reader_scope on {table};
create policy reader_scope on {table}
for select to bi_reader, bi_masker
using (
    -- Sub-selects are evaluated once per statement, not once per row, and keep parallel plans.
    {row_is_in_scope}
);

-- The demo's scorer compares what the marts say with what was planted; nothing else has this login.
drop policy if exists scorer_all on {table};
create policy scorer_all on {table}
for select to demo_truth using (true);

drop view if exists {view};
grant select on {table} to bi_reader;
