-- Grain: one row per golden customer and column that has a value.
-- A customer with one record has that record's values; lineage names the record and the reason where there are more.
select
    customer.customer_key,
    field.column_name,
    field.value,
    case
        when customer.lineage ->> field.column_name is null then link.source
        else customer.lineage -> field.column_name ->> 0
    end as source,
    case
        when customer.lineage ->> field.column_name is null then link.source_key
        else customer.lineage -> field.column_name ->> 1
    end as source_key,
    coalesce(customer.lineage -> field.column_name ->> 2, 'only') as reason
from core.core_customer as customer
cross join
    lateral (
        values
        ('customer_name', customer.customer_name),
        ('credit_code', customer.credit_code),
        ('region_code', customer.region_code),
        ('industry', customer.industry),
        ('owner_username', customer.owner_username),
        ('former_name', customer.former_name),
        ('phone', customer.phone),
        ('email', customer.email),
        ('website', customer.website),
        ('address', customer.address),
        ('division_code', customer.division_code)
    ) as field (column_name, value)
left join core.core_customer_source as link
    on customer.source_record_count = 1 and customer.customer_key = link.customer_key
where field.value is not null or customer.lineage ->> field.column_name is not null
