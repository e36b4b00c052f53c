-- Grain: one row per golden contact and period in which its values were these.
select
    version.golden_id as contact_key,
    version.valid_from,
    version.valid_to,
    version.content ->> 'contact_name' as contact_name,
    version.content ->> 'company_name' as company_name,
    version.content ->> 'phone' as phone,
    version.content ->> 'email' as email,
    cast(version.content ->> 'birth_date' as date) as birth_date,
    version.content ->> 'job_title' as job_title,
    version.content ->> 'department' as department,
    cast(version.content ->> 'is_primary' as boolean) as is_primary,
    version.content ->> 'owner_username' as owner_username
from mdm.golden_version as version
where version.entity = 'contact'
