-- Grain: one row per (region_code, recency_score, frequency_score, monetary_score).
-- Customers who never ordered have no scores and stand in no cell.
with cell_rule as (
    select
        rule.body ->> 'id' as cell_id,
        rule.body ->> 'name_en' as name_en,
        rule.body ->> 'name_zh' as name_zh
    from jsonb_array_elements(cast(:rfm_cells as jsonb)) as rule (body)
)

select
    profile.region_code,
    profile.recency_score,
    profile.frequency_score,
    profile.monetary_score,
    profile.rfm_cell,
    cell_rule.name_en,
    cell_rule.name_zh,
    count(*) as customer_count,
    sum(profile.order_count) as order_count,
    sum(profile.ordered_amount) as ordered_amount,
    sum(profile.ordered_amount_12m) as ordered_amount_12m,
    sum(profile.lifetime_value) as lifetime_value,
    :currency as currency
from core.core_customer_profile as profile
left join cell_rule on profile.rfm_cell = cell_rule.cell_id
where profile.rfm_cell is not null
group by
    profile.region_code,
    profile.recency_score,
    profile.frequency_score,
    profile.monetary_score,
    profile.rfm_cell,
    cell_rule.name_en,
    cell_rule.name_zh
