-- Grain: one row per golden customer and period in which its values were these.
select
    version.golden_id as customer_key,
    version.valid_from,
    version.valid_to,
    version.content ->> 'customer_name' as customer_name,
    version.content ->> 'credit_code' as credit_code,
    version.content ->> 'region_code' as region_code,
    version.content ->> 'industry' as industry,
    version.content ->> 'owner_username' as owner_username,
    version.content ->> 'former_name' as former_name,
    version.content ->> 'phone' as phone,
    version.content ->> 'email' as email,
    version.content ->> 'website' as website,
    version.content ->> 'address' as address,
    version.content ->> 'division_code' as division_code
from mdm.golden_version as version
where version.entity = 'customer'
