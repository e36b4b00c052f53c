-- For a table that has just got its first rows.
alter table {table} add primary key (key);
create index on {table} (batch_id);
