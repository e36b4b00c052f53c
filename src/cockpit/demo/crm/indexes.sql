-- What an incremental reader needs; made after a fill.
create index if not exists account_updated_at on account (updated_at);
create index if not exists contact_updated_at on contact (updated_at);
create index if not exists lead_updated_at on lead (updated_at);
create index if not exists opportunity_updated_at on opportunity (updated_at);
create index if not exists opportunity_stage_history_updated_at on opportunity_stage_history (updated_at);
create index if not exists contract_updated_at on contract (updated_at);
create index if not exists activity_updated_at on activity (updated_at);
create index if not exists attachment_updated_at on attachment (updated_at);
