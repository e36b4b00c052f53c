-- Grain: one row per opportunity that moves on; the choice is a hash, so that a repeated day makes the same one.
with chosen as (
    select
        opportunity.opportunity_id,
        opportunity.owner_username,
        array_position(cast(:stages as text []), opportunity.stage) as place
    from opportunity
    where
        opportunity.closed_at is null
        and opportunity.created_at < :as_of
        and opportunity.updated_at < :as_of
        and opportunity.stage = any(cast(:stages as text []))
    order by hashint8extended(opportunity.opportunity_id, :day_number)
    limit :count
),

moved as (
    select
        chosen.opportunity_id,
        chosen.owner_username,
        chosen.place,
        coalesce((cast(:stages as text [])) [chosen.place + 1], :lost) as next_stage
    from chosen
),

noted as (
    insert into opportunity_stage_history (history_id, opportunity_id, stage, entered_at, changed_by, updated_at)
    select
        moved.opportunity_id * 10 + moved.place,
        moved.opportunity_id,
        moved.next_stage,
        :as_of,
        moved.owner_username,
        :as_of
    from moved
)

update opportunity
set
    stage = moved.next_stage,
    closed_at = case when moved.next_stage = :lost then :as_of end,
    loss_reason = case when moved.next_stage = :lost then :loss_reason end,
    loss_remark = case when moved.next_stage = :lost then :loss_remark end,
    updated_at = :as_of
from moved
where opportunity.opportunity_id = moved.opportunity_id
