-- Grain: one row per segment of include/rules/segments.
select
    rule.body ->> 'id' as segment_id,
    rule.body ->> 'family' as family,
    rule.body ->> 'name_en' as name_en,
    rule.body ->> 'name_zh' as name_zh,
    rule.body ->> 'description' as description,
    rule.body ->> 'description_zh' as description_zh,
    rule.body ->> 'rule' as rule,
    rule.body ->> 'owner' as owner,
    rule.body ->> 'refresh' as refresh
from jsonb_array_elements(cast(:segments as jsonb)) as rule (body)
