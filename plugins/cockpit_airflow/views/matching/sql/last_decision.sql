-- Grain: at most one row: the newest decision of a person at the desk that was not taken back, with how many that were
-- made at once with it still stand, itself too.
select
    decision.decision_id,
    decision.kind,
    decision.left_id,
    decision.right_id,
    decision.field,
    (
        select count(*)
        from mdm.decision as other
        where
            coalesce(other.made_with, other.decision_id) = coalesce(decision.made_with, decision.decision_id)
            and not exists (select from mdm.decision as later where later.undoes = other.decision_id)
    ) as together
from mdm.decision as decision
where
    decision.entity = %(entity)s
    and decision.author = %(person)s
    and decision.made_through = 'desk'
    and decision.kind <> 'undo'
    and decision.made_at > clock_timestamp() - interval '12 hours'
    and not exists (select from mdm.decision as later where later.undoes = decision.decision_id)
order by decision.decision_id desc
limit 1
