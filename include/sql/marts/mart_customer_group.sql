-- Grain: one row per (group_customer_key, region_code).
-- Customers of a group stay customers of their own; a group is shown from two of them on. Rows of one group add up over
-- the regions of its members.
with headed as (
    select
        customer.group_customer_key,
        max(customer.customer_name) filter (
            where customer.customer_key = customer.group_customer_key
        ) as group_name,
        count(*) as group_member_count
    from marts.mart_customer as customer
    group by customer.group_customer_key
    having count(*) > 1
)

select
    headed.group_customer_key,
    member.region_code,
    headed.group_name,
    headed.group_member_count,
    count(*) as member_count,
    count(*) filter (
        where member.lifecycle_stage in ('new', 'active', 'loyal', 'recovered')
    ) as buying_member_count,
    min(member.first_order_date) as first_order_date,
    max(member.last_order_date) as last_order_date,
    sum(member.order_count) as order_count,
    sum(member.ordered_amount) as ordered_amount,
    sum(member.ordered_amount_12m) as ordered_amount_12m,
    sum(member.received_amount) as received_amount,
    sum(member.open_amount) as open_amount,
    sum(member.overdue_amount) as overdue_amount,
    sum(member.open_opportunity_amount) as open_opportunity_amount,
    sum(member.service_cost) as service_cost,
    sum(member.lifetime_value) as lifetime_value,
    sum(member.open_ticket_count) as open_ticket_count,
    max(member.last_contact_date) as last_contact_date,
    :currency as currency
from headed
inner join marts.mart_customer as member on headed.group_customer_key = member.group_customer_key
group by headed.group_customer_key, member.region_code, headed.group_name, headed.group_member_count
