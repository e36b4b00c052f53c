-- Grain: one row per channel of include/rules/attribution/channels.yml.
select
    channel.body ->> 'code' as channel_code,
    channel.body ->> 'name_en' as name_en,
    channel.body ->> 'name_zh' as name_zh,
    channel.body ->> 'kind' as kind,
    cast(channel.body ->> 'visits_are_touches' as boolean) as visits_are_touches,
    channel.position as sort_number
from jsonb_array_elements(cast(:channels as jsonb)) with ordinality as channel (body, position)
