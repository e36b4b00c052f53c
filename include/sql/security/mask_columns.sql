-- Applied by the model runner after protect_table.sql to a mart with columns of class personal; repeatable.
-- Places to fill, in braces below:
--   table, view     schema-qualified, for example marts.mart_lead and marts.mart_lead_masked
--   open_columns    the columns that are not personal: all that bi_reader may read of the table itself
--   shown_columns   all columns, a personal one as
--                   case when <this row is in a scope that sees personal data> then phone else <its mask> end
revoke select on {table} from bi_reader; -- noqa: PRS
grant select ({open_columns}) on {table} to bi_reader;
grant select on {table} to bi_masker;

-- A condition of the reader's is never asked about a value before it is masked.
create view {view} with (security_barrier) as
select
    {shown_columns}
from {table} as mart;
grant select on {view} to bi_reader;
-- Not cockpit_etl, whose policy shows every row.
alter view {view} owner to bi_masker;
