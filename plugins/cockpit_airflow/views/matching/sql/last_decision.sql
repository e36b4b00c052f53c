-- Grain: at most one row: the newest decision of a person at the desk that was not taken back.
select
    decision.decision_id,
    decision.kind,
    decision.left_id,
    decision.right_id,
    decision.field
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
