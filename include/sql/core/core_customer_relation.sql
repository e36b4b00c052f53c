-- Grain: one row per golden customer, other golden customer above it, and way in which this was found.
-- Records of one golden customer say nothing about each other. A name leads somewhere only where it leads to one place.
with record as (
    select
        link.customer_key,
        customer.source,
        customer.source_key,
        customer.customer_key as own_key,
        customer.parent_key,
        customer.created_at,
        customer.name_parts ->> 'value' as core_name,
        customer.name_parts ->> 'region' as region,
        customer.name_parts ->> 'branch' as branch,
        customer.name_parts ->> 'legal_form' as legal_form,
        replace(translate(lower(customer.name), '（） ', '()'), ' ', '') as plain_name,
        replace(
            translate(lower(coalesce(customer.former_name, customer.name_parts ->> 'former_name')), '（） ', '()'),
            ' ', ''
        ) as plain_former_name
    from staging.stg_customer as customer
    inner join core.core_customer_source as link
        on customer.source = link.source and customer.source_key = link.source_key
),

head_office as (
    select
        record.core_name,
        record.region,
        min(record.customer_key) as customer_key
    from record
    where record.branch is null and record.core_name is not null
    group by record.core_name, record.region
    having count(distinct record.customer_key) = 1
),

former as (
    select
        record.plain_former_name,
        min(record.customer_key) as customer_key,
        min(record.source) as source,
        min(record.source_key) as source_key,
        min(record.created_at) as created_at
    from record
    where record.plain_former_name is not null
    group by record.plain_former_name
    having count(distinct record.customer_key) = 1
),

found as (
    select
        child.customer_key,
        parent.customer_key as parent_customer_key,
        case
            when child.branch is not null then 'branch'
            when parent.legal_form = 'group' then 'group'
            else 'subsidiary'
        end as relation,
        'parent_key' as found_by,
        child.source,
        child.source_key,
        child.created_at
    from record as child
    inner join record as parent
        on child.source = parent.source and child.parent_key = parent.own_key
    union all
    select
        child.customer_key,
        head_office.customer_key as parent_customer_key,
        'branch' as relation,
        'branch_name' as found_by,
        child.source,
        child.source_key,
        child.created_at
    from record as child
    inner join head_office
        on
            child.core_name = head_office.core_name
            and coalesce(child.region, '') = coalesce(head_office.region, '')
    where child.branch is not null
    union all
    select
        child.customer_key,
        former.customer_key as parent_customer_key,
        'former_name' as relation,
        'former_name' as found_by,
        former.source,
        former.source_key,
        former.created_at
    from record as child
    inner join former on child.plain_name = former.plain_former_name
)

select distinct on (found.customer_key, found.parent_customer_key, found.found_by)
    found.customer_key,
    found.parent_customer_key,
    found.found_by,
    found.relation,
    found.source,
    found.source_key,
    found.created_at as since
from found
where found.customer_key <> found.parent_customer_key
order by
    found.customer_key asc,
    found.parent_customer_key asc,
    found.found_by asc,
    found.created_at asc nulls last,
    found.source asc,
    found.source_key asc
