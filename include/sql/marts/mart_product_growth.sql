-- Grain: one row per (level, code, month), months without gaps from the first order of all to the month of the day.
-- Orders are with tax and costs without: the margin takes the tax of :usual_tax_rate off. A cost holds until the
-- product's next one; what has no cost yet is neither in costed_amount nor in the margin. Cents are rounded once per
-- product and month, so that all levels have the same sums.
with cost as (
    select
        stated.product_key,
        stated.month as cost_from,
        lead(stated.month) over (partition by stated.product_key order by stated.month) as cost_to,
        stated.unit_cost
    from core.core_product_cost as stated
),

ordered as (
    select
        stated.month,
        stated.product_key,
        stated.product_category,
        stated.product_line,
        stated.order_line_count,
        stated.quantity,
        stated.net_amount,
        1 + :usual_tax_rate as tax_factor
    from core.core_product_month as stated
),

sold as (
    select
        monthly.month,
        monthly.product_key,
        monthly.product_category,
        monthly.product_line,
        monthly.order_line_count,
        monthly.quantity,
        monthly.net_amount,
        case when cost.product_key is not null then monthly.net_amount else 0 end as costed_amount,
        case
            when cost.product_key is not null then round(monthly.net_amount / monthly.tax_factor, 2) else 0
        end as costed_untaxed_amount,
        coalesce(round(monthly.quantity * cost.unit_cost, 2), 0) as cost_amount
    from ordered as monthly
    left join cost
        on
            monthly.product_key = cost.product_key
            and monthly.month >= cost.cost_from
            and monthly.month < coalesce(cost.cost_to, date 'infinity')
),

actual as (
    select
        placed.level,
        placed.code,
        sold.month,
        sum(sold.order_line_count) as order_line_count,
        sum(sold.quantity) as quantity,
        sum(sold.net_amount) as net_amount,
        sum(sold.costed_amount) as costed_amount,
        sum(sold.costed_untaxed_amount) as costed_untaxed_amount,
        sum(sold.cost_amount) as cost_amount
    from sold
    cross join
        lateral (
            values
            ('line', sold.product_line),
            ('category', sold.product_category),
            ('product', sold.product_key)
        ) as placed (level, code)
    group by placed.level, placed.code, sold.month
),

series as (
    select distinct
        actual.level,
        actual.code
    from actual
),

month as (
    select cast(generated.moment as date) as month
    from (
        select min(actual.month) as first_month from actual
    ) as bounds
    cross join
        lateral generate_series(
            cast(bounds.first_month as timestamp),
            date_trunc('month', cast(:business_date as timestamp)),
            interval '1 month'
        ) as generated (moment)
),

monthly as (
    select
        series.level,
        series.code,
        month.month,
        coalesce(actual.order_line_count, 0) as order_line_count,
        coalesce(actual.quantity, 0) as quantity,
        coalesce(actual.net_amount, 0) as net_amount,
        coalesce(actual.costed_amount, 0) as costed_amount,
        coalesce(actual.costed_untaxed_amount, 0) as costed_untaxed_amount,
        coalesce(actual.cost_amount, 0) as cost_amount
    from series
    cross join month
    left join actual
        on series.level = actual.level and series.code = actual.code and month.month = actual.month
),

compared as (
    select
        monthly.level,
        monthly.code,
        monthly.month,
        monthly.order_line_count,
        monthly.quantity,
        monthly.net_amount,
        monthly.costed_amount,
        monthly.costed_untaxed_amount,
        monthly.cost_amount,
        monthly.costed_untaxed_amount - monthly.cost_amount as margin_amount,
        lag(monthly.net_amount, 1) over (
            partition by monthly.level, monthly.code
            order by monthly.month
        ) as previous_month_amount,
        lag(monthly.net_amount, 12) over (
            partition by monthly.level, monthly.code
            order by monthly.month
        ) as last_year_amount
    from monthly
)

select
    compared.level,
    compared.code,
    compared.month,
    coalesce(product.product_name_en, product.product_name_zh, line.name_en, compared.code) as name_en,
    coalesce(product.product_name_zh, product.product_name_en, line.name_zh, compared.code) as name_zh,
    case compared.level
        when 'line' then compared.code
        when 'product' then coalesce(product.product_line, 'unclassified')
    end as product_line,
    compared.order_line_count,
    compared.quantity,
    compared.net_amount,
    compared.previous_month_amount,
    compared.last_year_amount,
    round(compared.net_amount / nullif(greatest(compared.previous_month_amount, 0), 0) - 1, 6) as month_on_month_ratio,
    round(compared.net_amount / nullif(greatest(compared.last_year_amount, 0), 0) - 1, 6) as year_on_year_ratio,
    compared.costed_amount,
    compared.costed_untaxed_amount,
    compared.cost_amount,
    compared.margin_amount,
    round(compared.margin_amount / nullif(compared.costed_untaxed_amount, 0), 6) as margin_ratio,
    :currency as currency
from compared
left join core.core_product as product on compared.level = 'product' and compared.code = product.product_key
left join core.core_product_line as line on compared.level = 'line' and compared.code = line.product_line
