-- Grain: one row per golden record below a given one, each behind the one that it hangs on.
with recursive step as (
    select
        link.{key} as golden_id,
        1 as depth,
        array[link.{key}] as path,
        link.relation,
        link.found_by,
        link.source,
        link.source_key,
        link.decision_id,
        link.since
    from {hierarchy} as link
    where link.{parent} = %(id)s
    union all
    select
        link.{key} as golden_id,
        step.depth + 1 as depth,
        step.path || link.{key} as path,
        link.relation,
        link.found_by,
        link.source,
        link.source_key,
        link.decision_id,
        link.since
    from step
    inner join {hierarchy} as link on step.golden_id = link.{parent}
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
    step.since,
    count(*) over () as total
from step
left join {golden} as golden on step.golden_id = golden.{key}
left join mdm.decision as decision on step.decision_id = decision.decision_id
order by step.path
limit %(below)s
