-- Grain: one row per (source, entity, rule_id).
-- A row of a source that breaks two rules is in both, so rows do not add up over rules; those that no other rule
-- holds do, and say what a correction would release.
with broken as (
    select
        quarantine.source,
        quarantine.entity,
        quarantine.rule_id,
        quarantine.message,
        quarantine.message_zh,
        quarantine.first_seen_at,
        count(*) over (partition by quarantine.source, quarantine.entity, quarantine.key) as rule_count
    from quality.quarantine as quarantine
    where quarantine.released_at is null
)

select
    broken.source,
    broken.entity,
    broken.rule_id,
    max(broken.message) as reason_en,
    max(broken.message_zh) as reason_zh,
    count(*) as row_count,
    count(*) filter (where broken.rule_count = 1) as only_reason_count,
    cast(min(broken.first_seen_at) at time zone :time_zone as date) as oldest_date
from broken
group by broken.source, broken.entity, broken.rule_id
