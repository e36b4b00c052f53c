-- Grain: one row per touch of a known customer by marketing: a lead, a visit, a contact added, a call or chat.
-- Visits count when something led to them, calls and chats when the customer began or answered them, each as
-- include/rules/attribution/channels.yml says. Leads that turned out to be invalid are none.
with meaning as (
    select
        rule.body ->> 'kind' as kind,
        rule.body ->> 'value' as word,
        rule.body ->> 'medium' as topic,
        rule.body ->> 'channel_code' as channel_code
    from jsonb_array_elements(cast(:channel_meanings as jsonb)) as rule (body)
),

touch as (
    select
        'lead' as kind,
        lead.source,
        lead.source_lead_key as source_touch_key,
        lead.customer_key,
        lead.created_at as touched_at,
        lead.channel_code,
        lead.campaign
    from core.core_lead as lead
    where lead.customer_key is not null and lead.status is distinct from 'invalid'
    union all
    select
        'visit' as kind,
        visit.source,
        visit.session_key as source_touch_key,
        visit.customer_key,
        visit.started_at as touched_at,
        visit.channel_code,
        visit.utm_campaign as campaign
    from core.core_web_session as visit
    inner join core.core_channel as channel on visit.channel_code = channel.channel_code
    where visit.customer_key is not null and channel.visits_are_touches
    union all
    select
        'contact' as kind,
        added.source,
        added.source_key as source_touch_key,
        min(employer.customer_key) as customer_key,
        min(added.created_at) as touched_at,
        min(meaning.channel_code) as channel_code,
        null as campaign
    from staging.stg_contact as added
    inner join meaning on meaning.kind = 'contact' and added.source = meaning.word
    inner join core.core_contact_source as person
        on added.source = person.source and added.source_key = person.source_key
    inner join core.core_contact_customer as employer on person.contact_key = employer.contact_key
    where added.created_at is not null
    group by added.source, added.source_key
    -- Whoever works for several customers may have written for any of them.
    having count(*) = 1
    union all
    select
        interaction.kind,
        interaction.source,
        interaction.source_interaction_key as source_touch_key,
        interaction.customer_key,
        interaction.occurred_at as touched_at,
        meaning.channel_code,
        null as campaign
    from core.core_interaction as interaction
    inner join meaning
        on
            meaning.kind = 'interaction'
            and interaction.kind = meaning.word
            and coalesce(meaning.topic, interaction.topic, '') = coalesce(interaction.topic, '')
    where interaction.customer_key is not null and interaction.is_from_customer
)

select
    touch.kind || ':' || touch.source || ':' || touch.source_touch_key as touch_key,
    touch.source,
    touch.source_touch_key,
    touch.kind,
    touch.customer_key,
    touch.touched_at,
    cast(touch.touched_at as date) as touched_date,
    cast(date_trunc('month', touch.touched_at) as date) as touched_month,
    touch.channel_code,
    nullif(touch.campaign, '') as campaign
from touch
where touch.touched_at is not null
