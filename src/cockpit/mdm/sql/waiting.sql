-- Grain: one row per two golden records about which one question is open; their likeliest pair of records stands for
-- them. Questions that a steward has answered are left out, although only the next run acts on the answer.
with decided as (
    select distinct
        least(one.golden_id, other.golden_id) as lesser,
        greatest(one.golden_id, other.golden_id) as greater
    from mdm.decision as decision
    cross join lateral (
        select distinct member.golden_id
        from mdm.membership as member
        where
            member.entity = decision.entity
            and member.record_id = any(
                case when decision.kind = 'merge' then decision.left_records[1:1] else decision.left_records end
            )
    ) as one
    cross join lateral (
        select distinct member.golden_id
        from mdm.membership as member
        where
            member.entity = decision.entity
            and member.record_id = any(
                case when decision.kind = 'merge' then decision.right_records[1:1] else decision.right_records end
            )
    ) as other
    where
        decision.entity = %(entity)s
        and decision.kind in ('merge', 'not_same', 'split')
        and not exists (select from mdm.decision as later where later.undoes = decision.decision_id)
),

compared as (
    select
        pair.left_record,
        pair.right_record,
        pair.score,
        pair.outcome,
        pair.reasons,
        pair.model_version,
        one.golden_id as left_golden,
        other.golden_id as right_golden,
        least(one.golden_id, other.golden_id) as lesser,
        greatest(one.golden_id, other.golden_id) as greater
    from mdm.pair as pair
    inner join mdm.membership as one on pair.entity = one.entity and pair.left_record = one.record_id
    inner join mdm.membership as other on pair.entity = other.entity and pair.right_record = other.record_id
    where
        pair.entity = %(entity)s
        and case
            when %(is_vetoed)s then pair.outcome = 'no' and pair.reasons ->> 'veto' is not null
            else pair.outcome = 'review'
        end
        and one.golden_id <> other.golden_id
        and (
            cast(%(source)s as text) is null
            or %(source)s in (split_part(pair.left_record, ':', 1), split_part(pair.right_record, ':', 1))
        )
        and (cast(%(least)s as real) is null or pair.score >= cast(%(least)s as real))
        and (cast(%(most)s as real) is null or pair.score < cast(%(most)s as real))
        and (
            not %(is_searched)s
            or pair.left_record = any(%(found)s)
            or pair.right_record = any(%(found)s)
            or one.golden_id = any(%(found)s)
            or other.golden_id = any(%(found)s)
        )
        and (
            cast(%(reason_name)s as text) is null
            or case
                when %(reason_kind)s = 'veto' then pair.reasons ->> 'veto' = %(reason_name)s
                else exists (
                    select
                    from jsonb_array_elements(pair.reasons -> 'comparisons') as comparison (content)
                    where
                        comparison.content ->> 'name' = %(reason_name)s
                        and cast(comparison.content ->> 'weight' as float) * %(reason_sign)s > 0
                )
            end
        )
),

open_questions as (
    select distinct on (compared.lesser, compared.greater)
        compared.*,
        count(*) over (partition by compared.lesser, compared.greater) as pair_count
    from compared
    left join decided on compared.lesser = decided.lesser and compared.greater = decided.greater
    where decided.lesser is null
    order by compared.lesser, compared.greater, compared.score desc, compared.left_record, compared.right_record
),

worth as ({worth}),

ordered as (
    select
        question.*,
        greatest(one.amount, 0) + greatest(other.amount, 0) as stake,
        row_number() over (
            order by {order}, question.left_record asc, question.right_record asc
        ) as place,
        count(*) over () as total
    from open_questions as question
    left join worth as one on question.left_golden = one.golden_id
    left join worth as other on question.right_golden = other.golden_id
)

select
    left_record,
    right_record,
    score,
    outcome,
    reasons,
    model_version,
    left_golden,
    right_golden,
    pair_count,
    stake,
    place,
    total
from ordered
where {page}
order by place
