-- Grain: one row. Pairs of customer records: truly one customer, put together by the platform, and both.
-- A record that never reached core counts as put together with nothing.
with record as (
    select
        cluster.true_customer_id,
        golden.customer_key
    from truth.cluster
    left join core.core_customer_source as golden
        on cluster.system = golden.source
        and cluster.key = golden.source_key
    where
        cluster.system = :source
        and cluster.entity = 'customer'
),

true_pair as (
    select coalesce(sum(size * (size - 1) / 2), 0) as pair_count
    from (select count(*) as size from record group by record.true_customer_id) as company
),

found_pair as (
    select coalesce(sum(size * (size - 1) / 2), 0) as pair_count
    from (
        select count(*) as size from record where record.customer_key is not null group by record.customer_key
    ) as company
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
    ) as company
)

select
    (select count(*) from record) as record_count,
    (select count(*) from record where record.customer_key is not null) as matched_record_count,
    cast((select true_pair.pair_count from true_pair) as bigint) as true_pair_count,
    cast((select found_pair.pair_count from found_pair) as bigint) as found_pair_count,
    cast((select right_pair.pair_count from right_pair) as bigint) as right_pair_count
