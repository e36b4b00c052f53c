-- Grain: one row per removed lead: found to lead nowhere. Those with a planted fault have no company in truth and are
-- known by their number: they stay.
delete from lead
where
    lead_id in (
        select candidate.lead_id
        from lead as candidate
        where
            candidate.updated_at < :opening
            and candidate.account_id is null
            and candidate.email is not null
            and candidate.status = 'invalid'
            and not candidate.lead_id = any(cast(:kept as bigint []))
        order by hashint8extended(candidate.lead_id, :day_number)
        limit :count
    )
returning lead_id
