-- What a simulated day that was killed after its commit here, and before its commit in truth, has left.
delete from invoice where updated_at >= :day_start;
delete from receipt_claim where updated_at >= :day_start;
delete from acceptance_bill where updated_at >= :day_start;
delete from receipt where receipt_id > :last_receipt_id;
delete from sales_order_line where order_id > :last_order_id;
delete from sales_order where order_id > :last_order_id;
