-- Grain: one row per (kind, dimension, code, month), months without gaps from the first to the last that is known.
-- Everything is with tax. Ratios are those of the row's own sums; to compare several rows, divide their sums. The sums
-- of regions, of sales regions, of business units, of product lines and the company are the same in each month.
with fact as (
    select
        money.kind,
        money.month,
        money.region_code,
        coalesce(region.sales_region_code, 'unknown') as sales_region_code,
        money.business_unit_code,
        money.product_line,
        money.amount
    from core.core_money_month as money
    left join core.core_region as region on money.region_code = region.region_code
),

actual as (
    select
        fact.kind,
        placed.dimension,
        placed.code,
        fact.month,
        sum(fact.amount) as actual_amount
    from fact
    cross join
        lateral (
            values
            ('company', 'company'),
            ('business_unit', fact.business_unit_code),
            ('product_line', fact.product_line),
            ('sales_region', fact.sales_region_code),
            ('region', fact.region_code)
        ) as placed (dimension, code)
    group by fact.kind, placed.dimension, placed.code, fact.month
),

unit_target as (
    select
        target.kind,
        unit.level as dimension,
        case unit.level
            when 'company' then 'company'
            when 'business_unit' then unit.business_unit_code
            when 'sales_region' then unit.sales_region_code
            when 'region' then unit.region_code
        end as code,
        target.month,
        sum(target.amount) as target_amount
    from core.core_staff_target as target
    inner join core.core_org_unit as unit on target.org_unit_code = unit.org_unit_code
    where unit.level in ('company', 'business_unit', 'sales_region', 'region')
    group by target.kind, unit.level, unit.business_unit_code, unit.sales_region_code, unit.region_code, target.month
),

-- Units of two business units share a region: their targets add up.
unit_target_sum as (
    select
        unit_target.kind,
        unit_target.dimension,
        unit_target.code,
        unit_target.month,
        sum(unit_target.target_amount) as target_amount
    from unit_target
    where unit_target.code is not null
    group by unit_target.kind, unit_target.dimension, unit_target.code, unit_target.month
),

region_target as (
    select
        target.kind,
        'region' as dimension,
        target.region_code as code,
        target.month,
        target.amount as target_amount
    from core.core_target as target
),

-- The target that a region has of its own goes before that of its units.
target as (
    select
        coalesce(region_target.kind, unit_target_sum.kind) as kind,
        coalesce(region_target.dimension, unit_target_sum.dimension) as dimension,
        coalesce(region_target.code, unit_target_sum.code) as code,
        coalesce(region_target.month, unit_target_sum.month) as month,
        coalesce(region_target.target_amount, unit_target_sum.target_amount) as target_amount
    from unit_target_sum
    full join region_target
        on
            unit_target_sum.kind = region_target.kind
            and unit_target_sum.dimension = region_target.dimension
            and unit_target_sum.code = region_target.code
            and unit_target_sum.month = region_target.month
),

known as (
    select
        actual.kind,
        actual.dimension,
        actual.code,
        actual.month
    from actual
    union
    select
        target.kind,
        target.dimension,
        target.code,
        target.month
    from target
),

series as (
    select distinct
        known.kind,
        known.dimension,
        known.code
    from known
),

bounds as (
    select
        min(known.month) as first_month,
        max(known.month) as last_month
    from known
),

month as (
    select cast(generated.moment as date) as month
    from bounds
    cross join
        lateral generate_series(
            cast(bounds.first_month as timestamp), cast(bounds.last_month as timestamp), interval '1 month'
        ) as generated (moment)
),

monthly as (
    select
        series.kind,
        series.dimension,
        series.code,
        month.month,
        coalesce(actual.actual_amount, 0) as actual_amount,
        target.target_amount
    from series
    cross join month
    left join actual
        on
            series.kind = actual.kind
            and series.dimension = actual.dimension
            and series.code = actual.code
            and month.month = actual.month
    left join target
        on
            series.kind = target.kind
            and series.dimension = target.dimension
            and series.code = target.code
            and month.month = target.month
),

compared as (
    select
        monthly.kind,
        monthly.dimension,
        monthly.code,
        monthly.month,
        monthly.actual_amount,
        monthly.target_amount,
        lag(monthly.actual_amount, 1) over history as previous_month_amount,
        lag(monthly.actual_amount, 12) over history as last_year_amount,
        sum(monthly.actual_amount) over year_so_far as year_to_date_amount,
        sum(monthly.target_amount) over year_so_far as year_to_date_target_amount
    from monthly
    window
        history as (partition by monthly.kind, monthly.dimension, monthly.code order by monthly.month),
        year_so_far as (
            partition by monthly.kind, monthly.dimension, monthly.code, extract(year from monthly.month)
            order by monthly.month
        )
),

named as (
    select
        compared.kind,
        compared.dimension,
        compared.code,
        compared.month,
        compared.actual_amount,
        compared.target_amount,
        compared.previous_month_amount,
        compared.last_year_amount,
        compared.year_to_date_amount,
        compared.year_to_date_target_amount,
        lag(compared.year_to_date_amount, 12) over (
            partition by compared.kind, compared.dimension, compared.code
            order by compared.month
        ) as last_year_to_date_amount,
        compared.month <= :business_date as has_begun
    from compared
),

unit_name as (
    select distinct on (line.business_unit_code)
        line.business_unit_code,
        line.business_unit_name_en,
        line.business_unit_name_zh
    from core.core_product_line as line
    order by line.business_unit_code, line.line_number
)

select
    named.kind,
    named.dimension,
    named.code,
    named.month,
    case when named.dimension = 'region' then named.code else 'company' end as region_code,
    coalesce(region.region_name_en, line.name_en, unit_name.business_unit_name_en, named.code) as name_en,
    coalesce(region.region_name_zh, line.name_zh, unit_name.business_unit_name_zh, named.code) as name_zh,
    'with_tax' as tax_basis,
    named.actual_amount,
    named.target_amount,
    named.previous_month_amount,
    named.last_year_amount,
    named.year_to_date_amount,
    named.year_to_date_target_amount,
    named.last_year_to_date_amount,
    case
        when named.has_begun then round(named.actual_amount / nullif(named.target_amount, 0), 6)
    end as attainment_ratio,
    case
        when named.has_begun
            then round(named.actual_amount / nullif(greatest(named.last_year_amount, 0), 0) - 1, 6)
    end as year_on_year_ratio,
    case
        when named.has_begun
            then round(named.actual_amount / nullif(greatest(named.previous_month_amount, 0), 0) - 1, 6)
    end as month_on_month_ratio,
    case
        when named.has_begun
            then round(named.year_to_date_amount / nullif(named.year_to_date_target_amount, 0), 6)
    end as year_to_date_attainment_ratio,
    case
        when named.has_begun
            then round(named.year_to_date_amount / nullif(greatest(named.last_year_to_date_amount, 0), 0) - 1, 6)
    end as year_to_date_growth_ratio,
    :currency as currency
from named
left join core.core_region as region on named.dimension = 'region' and named.code = region.region_code
left join core.core_product_line as line on named.dimension = 'product_line' and named.code = line.product_line
left join unit_name on named.dimension = 'business_unit' and named.code = unit_name.business_unit_code
