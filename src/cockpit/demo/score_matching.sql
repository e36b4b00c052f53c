-- Grain: one row. Pairs of customer records: truly one customer, put together by the platform, and both.
-- A record that never reached core counts as put together with nothing.
with record as (
    select
        customer_cluster.true_customer_id,
        golden.customer_key
    from truth.customer_cluster
    left join core.core_customer_source as golden
        on golden.source = :source
        and golden.source_key = cast(customer_cluster.customer_id as text)
),

true_pair as (
    select coalesce(sum(size * (size - 1) / 2), 0) as pair_count
    from (select count(*) as size from record group by record.true_customer_id) as cluster
),

found_pair as (
    select coalesce(sum(size * (size - 1) / 2), 0) as pair_count
    from (
        select count(*) as size from record where record.customer_key is not null group by record.customer_key
    ) as cluster
),

right_pair as (
    select coalesce(sum(size * (size - 1) / 2), 0) as pair_count
    from (
        select count(*) as size
        from record
        where record.customer_key is not null
        group by
            record.true_customer_id,
            record.customer_key
    ) as cluster
)

select
    (select count(*) from record) as record_count,
    (select count(*) from record where record.customer_key is not null) as matched_record_count,
    cast((select true_pair.pair_count from true_pair) as bigint) as true_pair_count,
    cast((select found_pair.pair_count from found_pair) as bigint) as found_pair_count,
    cast((select right_pair.pair_count from right_pair) as bigint) as right_pair_count
