-- Grain: one row: how many rows of the systems that truth knows are right, and how many of these are held now.
with known as (
    select anomaly.system from truth.anomaly
    union
    select boundary_case.system from truth.boundary_case
),

present as (
    select sum(ledger.staged + ledger.quarantined) as row_count
    from ops.import_ledger as ledger
    where ledger.source in (select known.system from known)
),

held as (
    select distinct
        quarantine.source,
        quarantine.entity,
        quarantine.key
    from quality.quarantine
    where
        quarantine.released_at is null
        and not exists (
            select
            from truth.anomaly
            where
                anomaly.system = quarantine.source
                and anomaly.entity = quarantine.entity
                and anomaly.key = quarantine.key
        )
        and not exists (
            select
            from truth.anomaly
            where
                anomaly.system = quarantine.source
                and quarantine.entity = 'sales_order_line'
                and anomaly.entity = 'sales_order'
                and anomaly.key = split_part(quarantine.key, '|', 1)
        )
)

select
    cast(greatest(
        coalesce((select present.row_count from present), 0) - (select count(*) from truth.anomaly), 0
    ) as bigint) as clean_row_count,
    (select count(*) from held where held.source in (select known.system from known)) as wrongly_held_count
