-- Grain: one row per golden record that a source or a name puts above a given one, and that is not.
with step as (
    select distinct on (link.{parent})
        link.{parent} as golden_id,
        1 as depth,
        link.relation,
        link.found_by,
        link.source,
        link.source_key,
        cast(null as bigint) as decision_id,
        link.since
    from {relation} as link
    where
        link.{key} = %(id)s
        and not exists (
            select
            from {hierarchy} as chosen
            where chosen.{key} = link.{key} and chosen.{parent} = link.{parent}
        )
    order by link.{parent}, link.found_by
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
order by step.golden_id
limit %(found)s
