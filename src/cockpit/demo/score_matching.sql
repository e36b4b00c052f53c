-- Grain: one row. Pairs of customer records of all systems: truly one customer, put together by the platform, both, and
-- truly one customer that a person is asked about. A record that never reached core counts as put together with nothing.
with record as (
    select
        cluster.system || ':' || cluster.key as record_id,
        cluster.true_customer_id,
        golden.customer_key
    from truth.cluster
    left join core.core_customer_source as golden
        on cluster.system = golden.source
        and cluster.key = golden.source_key
    where (cluster.system, cluster.entity) in (
        ('erp', 'customer'), ('crm', 'account'), ('legacy_crm', 'legacy_customer')
    )
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

-- Records of one company that have one golden key.
part as (
    select
        record.true_customer_id,
        record.customer_key,
        count(*) as size
    from record
    where record.customer_key is not null
    group by
        record.true_customer_id,
        record.customer_key
),

right_pair as (
    select coalesce(sum(part.size * (part.size - 1) / 2), 0) as pair_count
    from part
),

-- A person who says yes puts both parts together.
asked as (
    select distinct
        one.true_customer_id,
        least(one.customer_key, other.customer_key) as left_key,
        greatest(one.customer_key, other.customer_key) as right_key
    from mdm.pair
    inner join record as one
        on pair.left_record = one.record_id
    inner join record as other
        on pair.right_record = other.record_id
    where
        pair.entity = 'customer'
        and pair.outcome = 'review'
        and one.true_customer_id = other.true_customer_id
        and one.customer_key <> other.customer_key
),

review_pair as (
    select coalesce(sum(one.size * other.size), 0) as pair_count
    from asked
    inner join part as one
        on asked.true_customer_id = one.true_customer_id
        and asked.left_key = one.customer_key
    inner join part as other
        on asked.true_customer_id = other.true_customer_id
        and asked.right_key = other.customer_key
)

select
    (select count(*) from record) as record_count,
    (select count(*) from record where record.customer_key is not null) as matched_record_count,
    cast((select true_pair.pair_count from true_pair) as bigint) as true_pair_count,
    cast((select found_pair.pair_count from found_pair) as bigint) as found_pair_count,
    cast((select right_pair.pair_count from right_pair) as bigint) as right_pair_count,
    cast((select review_pair.pair_count from review_pair) as bigint) as review_pair_count
