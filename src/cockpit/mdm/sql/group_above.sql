-- Grain: one row per golden record above a given one.
with recursive step as (
    select
        link.{parent} as golden_id,
        1 as depth,
        link.relation,
        link.found_by,
        link.source,
        link.source_key,
        link.decision_id,
        link.since
    from {hierarchy} as link
    where link.{key} = %(id)s
    union all
    select
        link.{parent} as golden_id,
        step.depth + 1 as depth,
        link.relation,
        link.found_by,
        link.source,
        link.source_key,
        link.decision_id,
        link.since
    from step
    inner join {hierarchy} as link on step.golden_id = link.{key}
    where step.depth < %(deepest)s
)

select
    step.golden_id,
    golden.{title} as title,
    step.depth,
    step.relation,
    step.found_by,
    step.source || ':' || step.source_key as record_id,
    step.decision_id,
    decision.author,
    decision.reason,
    step.since
from step
left join {golden} as golden on step.golden_id = golden.{key}
left join mdm.decision as decision on step.decision_id = decision.decision_id
order by step.depth
