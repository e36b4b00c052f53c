-- Grain: one row per row of a source about which something was found: by a check that holds it back or warns about it, or
-- by matching, which knows it as one too many.
select
    entry.key,
    bool_or(entry.rule_id = any(cast(%(unique_rules)s as text []))) as is_double,
    bool_or(entry.rule_id <> all(cast(%(unique_rules)s as text []))) as is_invalid
from (
    select
        quarantine.key,
        quarantine.rule_id
    from quality.quarantine as quarantine
    where quarantine.source = %(source)s and quarantine.entity = %(entity)s and quarantine.released_at is null
    union all
    select
        warning.key,
        warning.rule_id
    from quality.warning as warning
    where warning.source = %(source)s and warning.entity = %(entity)s and warning.gone_at is null
) as entry
group by entry.key
