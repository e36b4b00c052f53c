-- Grain: one row per removed activity; planted faults and activities with a file stay, so that truth stays right.
delete from activity
where
    activity_id in (
        select candidate.activity_id
        from activity as candidate
        where
            candidate.updated_at < :opening
            and candidate.started_at < :opening
            and (candidate.kind <> 'visit' or candidate.result is not null)
            and not exists (
                select
                from attachment
                where
                    attachment.record_type = 'activity'
                    and attachment.record_id = candidate.activity_id
            )
        order by hashint8extended(candidate.activity_id, :day_number)
        limit :count
    )
returning activity_id
