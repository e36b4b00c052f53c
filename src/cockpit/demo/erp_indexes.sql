-- What an incremental reader needs; made after a fill, because one index of many rows costs less than many entries.
create index if not exists customer_updated_at on customer (updated_at);
create index if not exists sales_order_updated_at on sales_order (updated_at);
create index if not exists sales_order_line_updated_at on sales_order_line (updated_at);
create index if not exists receipt_updated_at on receipt (updated_at);
create index if not exists invoice_updated_at on invoice (updated_at);
create index if not exists receipt_claim_updated_at on receipt_claim (updated_at);
create index if not exists acceptance_bill_updated_at on acceptance_bill (updated_at);
create index if not exists retention_updated_at on retention (updated_at);
create index if not exists service_cost_updated_at on service_cost (updated_at);
