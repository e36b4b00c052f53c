-- Grain: one row per decision on a text of a kind, newest first.
select
    decision.decision_id,
    decision.text,
    decision.answer,
    decision.reason,
    decision.decided_by,
    decision.decided_at,
    decision.undone_by,
    decision.undone_at
from quality.decision as decision
where decision.kind = %(kind)s
order by decision.decision_id desc
limit %(limit)s
