"""What people add up adds up: over each dimension to the total, at each level to the same, and to the facts in core.

Which columns are measures, which of them add up and which are quotients of which is taken from the contracts, metrics from
their YAML. The facts are asked for row by row, in another way than the models do it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from cockpit.rulebook.contract import Column, Contract
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.metrics import metric_book
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext, build
from tests.sql.database import Warehouse, context_of
from tests.sql.random_company import AS_OF, RandomCompany

SEEDS = [1, 2, pytest.param(range(3, 20), marks=pytest.mark.full)]

# Orders with the person who owned the customer then, and the position that this person held on that day.
TEAM_CELL = "month, region_code, owner_username, team_code, business_unit_code"
CREDITED = """
    select
        sold.ordered_month as month,
        sold.region_code,
        coalesce(owned.owner_username, 'unknown') as owner_username,
        coalesce(rep.team_code, 'unknown') as team_code,
        coalesce(rep.business_unit_code, 'unknown') as business_unit_code,
        case when sold.is_cancellation or sold.status = 'cancelled' then 0 else 1 end as order_count,
        sold.net_amount as order_amount,
        sold.customer_key
    from core.core_order as sold
    left join lateral (
        select * from core.core_customer_owner as owner
        where owner.customer_key = sold.customer_key and owner.valid_from <= sold.ordered_at
        order by owner.valid_from desc limit 1
    ) as owned on true
    left join lateral (
        select * from core.core_sales_rep as held
        where held.username = owned.owner_username and held.counted_from <= sold.ordered_date
        order by held.counted_from desc limit 1
    ) as rep on true
"""
# Receipts likewise.
PAID = """
    select
        paid.received_month as month,
        paid.region_code,
        coalesce(owned.owner_username, 'unknown') as owner_username,
        coalesce(rep.team_code, 'unknown') as team_code,
        coalesce(rep.business_unit_code, 'unknown') as business_unit_code,
        paid.amount as received_amount
    from core.core_receipt as paid
    left join lateral (
        select * from core.core_customer_owner as owner
        where owner.customer_key = paid.customer_key and owner.valid_from <= paid.received_at
        order by owner.valid_from desc limit 1
    ) as owned on true
    left join lateral (
        select * from core.core_sales_rep as held
        where held.username = owned.owner_username and held.counted_from <= paid.received_date
        order by held.counted_from desc limit 1
    ) as rep on true
"""

# One row per fact, with columns of the mart: those that are measures there are compared, grouped by the others. A mart
# with levels needs no more than what its measures are made of: at each level they come to the same.
FACTS: Mapping[str, tuple[str, ...]] = {
    "mart_sales_cube": (
        """
        select
            sold.ordered_month as month,
            sold.region_code,
            coalesce((
                select buyer.industry from core.core_customer as buyer where buyer.customer_key = sold.customer_key
            ), 'unknown') as industry,
            coalesce((
                select came.channel_code from core.core_lead as came where came.customer_key = sold.customer_key
                order by came.created_at, came.lead_key limit 1
            ), 'unknown') as channel_code,
            coalesce((
                select region.sales_region_code from core.core_region as region
                where region.region_code = sold.region_code
            ), 'unknown') as sales_region_code,
            case when sold.is_cancellation or sold.status = 'cancelled' then 0 else 1 end as order_count,
            sold.net_amount,
            case
                when sold.is_cancellation then -sold.amount
                when sold.status = 'cancelled' then sold.amount
                else 0
            end as cancelled_amount
        from core.core_order as sold
        where sold.line_count > 0
        """,
        """
        select
            ordered_month as month,
            region_code,
            product_category,
            product_line,
            business_unit_code,
            case when is_cancelled then 0 else 1 end as order_line_count,
            case when is_cancelled then 0 else quantity end as quantity,
            net_amount
        from core.core_order_line
        """,
    ),
    "mart_sales_monthly": (
        """
        select
            line.ordered_month as month,
            line.region_code,
            line.product_category,
            case when line.is_cancelled then 0 else 1 end as order_line_count,
            case when line.is_cancelled then 0 else line.quantity end as quantity,
            line.net_amount,
            case
                when sold.is_cancellation then -line.amount
                when sold.status = 'cancelled' then line.amount
                else 0
            end as cancelled_amount
        from core.core_order_line as line
        inner join core.core_order as sold on line.order_key = sold.order_key
        """,
    ),
    "mart_attainment": tuple(
        f"""
        select
            '{dimension}' as dimension,
            {code} as code,
            fact.kind,
            fact.month,
            fact.actual_amount
        from (
            select 'received' as kind, received_month as month, region_code, amount as actual_amount
            from core.core_receipt
            union all
            select 'invoiced', issued_month, region_code, amount from core.core_invoice
            union all
            select 'signed', signed_month, region_code, amount from core.core_contract
            where status <> 'terminated' and not is_framework
            union all
            select 'signed', ordered_month, region_code, net_amount from core.core_order
            where order_key not in (select order_key from core.core_contract where order_key is not null)
        ) as fact
        """
        for dimension, code in {
            "company": "'company'",
            "region": "fact.region_code",
            "sales_region": """coalesce((
                select place.sales_region_code from core.core_region as place
                where place.region_code = fact.region_code
            ), 'unknown')""",
        }.items()
    ),
    "mart_funnel": (
        """
        select
            begun.created_month,
            begun.region_code,
            begun.business_unit_code,
            coalesce((
                select followed.channel_code from core.core_opportunity_lead as followed
                where followed.opportunity_key = begun.opportunity_key
            ), 'unknown') as channel_code,
            passed.stage_number,
            1 as reached_count,
            coalesce(begun.amount, 0) as reached_amount,
            case when passed.stage_number < begun.furthest_stage_number then 1 else 0 end as next_count,
            case when passed.stage_number < begun.furthest_stage_number then coalesce(begun.amount, 0) else 0 end
                as next_amount,
            case when ends.here and begun.outcome = 'open' then 1 else 0 end as open_count,
            case when ends.here and begun.outcome = 'open' then coalesce(begun.amount, 0) else 0 end as open_amount,
            case when ends.here and begun.outcome = 'lost' then 1 else 0 end as lost_count,
            case when ends.here and begun.outcome = 'lost' then coalesce(begun.amount, 0) else 0 end as lost_amount
        from core.core_opportunity as begun
        cross join generate_series(1, begun.furthest_stage_number) as passed (stage_number)
        cross join lateral (select passed.stage_number = begun.furthest_stage_number as here) as ends
        """,
    ),
    "mart_team_month": (
        f"select {TEAM_CELL}, order_count, order_amount from ({CREDITED}) as credited",
        PAID,
        """
        select
            signed_month as month,
            region_code,
            coalesce(owner_username, 'unknown') as owner_username,
            coalesce(team_code, 'unknown') as team_code,
            business_unit_code,
            case when is_framework or status = 'terminated' then 0 else 1 end as contract_count,
            case when is_framework or status = 'terminated' then 0 else amount end as signed_amount
        from core.core_contract
        """,
        """
        select
            closed_month as month,
            region_code,
            coalesce(owner_username, 'unknown') as owner_username,
            coalesce(team_code, 'unknown') as team_code,
            business_unit_code,
            case when outcome = 'won' then 1 else 0 end as won_count,
            case when outcome = 'won' then amount end as won_amount,
            case when outcome = 'won' then closed_date - created_date end as won_cycle_days,
            case when outcome = 'lost' then 1 else 0 end as lost_count,
            case when outcome = 'lost' then amount end as lost_amount
        from core.core_opportunity
        where closed_month is not null
        """,
        """
        select
            started_month as month,
            region_code,
            coalesce(owner_username, 'unknown') as owner_username,
            coalesce(team_code, 'unknown') as team_code,
            business_unit_code,
            1 as activity_count,
            case when kind = 'visit' then 1 else 0 end as visit_count,
            case when kind = 'call' then 1 else 0 end as call_count,
            minutes as contact_minutes,
            case when kind = 'visit' then minutes end as visit_minutes,
            case when kind = 'call' then minutes end as call_minutes,
            case when kind not in ('visit', 'call') then minutes end as other_minutes
        from core.core_activity
        """,
    ),
    "mart_product_growth": tuple(
        f"""
        select
            '{level}' as level,
            {code} as code,
            ordered_month as month,
            case when is_cancelled then 0 else 1 end as order_line_count,
            case when is_cancelled then 0 else quantity end as quantity,
            net_amount
        from core.core_order_line
        where ordered_month <= :business_date
        """
        for level, code in {
            "line": "product_line",
            "category": "product_category",
            "product": "coalesce(product_key, 'unknown')",
        }.items()
    ),
    "mart_receivable_ageing": (
        """
        select
            coalesce(customer_key, 'unknown') as customer_key,
            region_code,
            1 as order_count,
            open_amount,
            case when is_start_assumed then open_amount else 0 end as start_assumed_amount,
            open_amount * greatest(:business_date - start_date, 0) as weighted_days
        from core.core_order_payment
        where open_amount > 0
        """,
        # What is owed, without the table that says what each order has been paid.
        """
        select
            coalesce(sold.customer_key, 'unknown') as customer_key,
            sold.region_code,
            greatest(sold.net_amount - coalesce((
                select sum(part.amount) from core.core_receipt_allocation as part where part.order_key = sold.order_key
            ), 0), 0) as open_amount
        from core.core_order as sold
        where not sold.is_cancellation
        """,
    ),
    "mart_channel_month": (
        """
        select cost_month as month, channel_code, amount as cost_amount, impressions, clicks
        from core.core_marketing_cost
        """,
        """
        select cast(date_trunc('month', started_date) as date) as month, channel_code, 1 as visit_count
        from core.core_web_session
        """,
        "select touched_month as month, channel_code, 1 as touch_count from core.core_touch",
        """
        select
            created_month as month,
            channel_code,
            1 as lead_count,
            case when status in ('qualified', 'converted') then 1 else 0 end as qualified_count
        from core.core_lead
        """,
        """
        select
            came.created_month as month,
            came.channel_code,
            1 as opportunity_count,
            case when led.outcome = 'won' then 1 else 0 end as won_count,
            case when led.outcome = 'won' then led.amount end as won_amount
        from core.core_opportunity_lead as led
        inner join core.core_lead as came on led.lead_key = came.lead_key
        """,
        # Credit is of many parts, but in each month all of it comes to what was won.
        """
        select closed_month as month, 1 as credited_count, amount as credited_amount
        from core.core_opportunity
        where outcome = 'won' and closed_month is not null
        """,
    ),
    "mart_attribution": (
        """
        select model.model, won.closed_month as conversion_month, 1 as credited_count, won.amount as credited_amount
        from core.core_opportunity as won
        cross join (select distinct model from marts.mart_attribution) as model
        where won.outcome = 'won' and won.closed_month is not null
        """,
    ),
    "mart_receipt_daily": (
        "select received_date, region_code, amount as received_amount, 1 as receipt_count from core.core_receipt",
    ),
}
MARTS = (*FACTS, "mart_receivable_pace")
# A quotient says in its contract what it is made of.
QUOTIENT = re.compile(r"^(\w+) / (\w+)( - 1)?\b")


@pytest.fixture
def context(huaxing: Workspace) -> BuildContext:
    return context_of(huaxing, AS_OF)


@pytest.mark.parametrize("seeds", SEEDS)
def test_measures_add_up(warehouse: Warehouse, context: BuildContext, seeds: int | range) -> None:
    for seed in [seeds] if isinstance(seeds, int) else seeds:
        build_marts(warehouse, context, RandomCompany(seed))
        for name in MARTS:
            contract = context.graph[name].contract
            told = f"{name}, seed {seed}"
            compared = set()
            for facts in FACTS.get(name, ()):
                compared |= same_as_facts(warehouse, context, contract, facts, told)
            if same_at_each_level(warehouse, contract, told):
                compared |= set(additive(contract))
            if name in FACTS:
                assert compared == set(additive(contract)), f"{told}: a measure that is compared with no fact"
            quotients_are_of_their_parts(warehouse, contract, told)
        buyers_are_counted_anew(warehouse)
        months_of_working_days_are_whole(warehouse)


def build_marts(warehouse: Warehouse, context: BuildContext, company: RandomCompany) -> None:
    """The marts and all that they are made of, from the company's rows."""
    tables = company.tables()
    wanted = [context.graph[name] for name in MARTS]
    needed: dict[str, Model] = {}
    while wanted:
        model = wanted.pop()
        if model.name not in needed:
            needed[model.name] = model
            wanted += (
                [] if model.layer == "staging" or model.qualified_name in tables else context.graph.upstream(model)
            )
    warehouse.create_tables(list(needed.values()), context)
    for model in needed.values():
        warehouse.execute(f"truncate {model.qualified_name}")
    for table, rows in tables.items():
        warehouse.insert(table, rows)
    for model in context.graph.models.values():
        if model.name in needed and model.layer != "staging" and model.qualified_name not in tables:
            build(warehouse.connection, model, context, full=True)


def measures(contract: Contract) -> dict[str, Column]:
    """Columns that hold figures, not codes or places."""
    return {name: each for name, each in contract.columns.items() if each.unit and each.type in ("numeric", "bigint")}


def additive(contract: Contract) -> list[str]:
    """Measures that may be summed over all dimensions, as the contract says."""
    return [
        name
        for name, each in measures(contract).items()
        if each.unit != "ratio" and "not additive" not in each.description and name not in contract.grain
    ]


def same_as_facts(warehouse: Warehouse, context: BuildContext, contract: Contract, facts: str, told: str) -> set[str]:
    """Compare the total, each dimension by itself and all of them together; returns the measures of these facts."""
    statement = facts.replace(":business_date", f"date '{context.parameters()['business_date']}'")
    with warehouse.connection, warehouse.connection.cursor() as cursor:
        cursor.execute(f"select * from ({statement}) as fact limit 0")
        columns = [column.name for column in cursor.description or ()]
    compared = [column for column in columns if column in additive(contract)]
    dimensions = [column for column in columns if column not in compared]
    assert set(dimensions) <= set(contract.columns), told
    level = level_column(contract)
    for grouped in ([], *([each] for each in dimensions), dimensions):
        by = list(dict.fromkeys([*([level] if level else []), *grouped]))
        where = f"where {level} in (select {level} from ({statement}) as fact)" if level else ""
        found = sums(warehouse, f"marts.{contract.table}", by, compared, where)
        assert found == sums(warehouse, f"({statement})", by, compared, where), f"{told}: {compared} by {by}"
    assert warehouse.query(f"select 1 from ({statement}) as fact limit 1"), f"{told}: nothing to add up"
    return set(compared)


def sums(warehouse: Warehouse, table: str, by: list[str], summed: list[str], where: str = "") -> dict[Any, Any]:
    """Sums per group; groups of nothing but zeros are left out, as a mart may have them for months without facts."""
    selected = ", ".join([*by, *(f"coalesce(sum({measure}), 0)" for measure in summed)])
    grouped = f"group by {', '.join(by)}" if by else ""
    rows = warehouse.query(f"select {selected} from {table} as fact {where} {grouped}")
    return {row[: len(by)]: row[len(by) :] for row in rows if any(row[len(by) :])}


def level_column(contract: Contract) -> str | None:
    """The column of the grain whose values are levels that hold the same facts."""
    names = [check.column for check in contract.checks if check.expect == "in_set" and check.column in contract.grain]
    return names[0] if names and "code" in contract.grain else None


def same_at_each_level(warehouse: Warehouse, contract: Contract, told: str) -> bool:
    """Compare the levels of a mart that has several, month by month; whether it has."""
    level = level_column(contract)
    if not level:
        return False
    (levels,) = (check.values for check in contract.checks if check.expect == "in_set" and check.column == level)
    by = [column for column in contract.grain if column not in (level, "code")]
    first, *others = [
        sums(warehouse, f"marts.{contract.table}", by, additive(contract), f"where {level} = '{each}'")
        for each in levels
    ]
    assert first, told
    for each, other in zip(levels[1:], others, strict=True):
        assert other == first, f"{told}: level {each}"
    return True


def quotients_are_of_their_parts(warehouse: Warehouse, contract: Contract, told: str) -> None:
    for name, column in measures(contract).items():
        stated = QUOTIENT.match(column.description)
        if not stated or not {stated[1], stated[2]} <= set(contract.columns):
            continue
        upper, lower, less_one = stated.groups()
        assert name not in additive(contract), f"{told}: {name} is a quotient that is summed"
        found = warehouse.query(f"select {name}, {upper}, {lower} from marts.{contract.table} where {name} is not null")
        assert found, f"{told}: {name}"
        for quotient, over, under in found:
            expected = Decimal(over) / Decimal(under) - (1 if less_one else 0)
            assert abs(quotient - expected) <= Decimal("0.000001"), f"{told}: {name}"


def buyers_are_counted_anew(warehouse: Warehouse) -> None:
    """A customer who bought in two months is one customer: counts do not add up over months, so they are counted."""
    counted = warehouse.query(
        f"select {TEAM_CELL}, count(distinct customer_key) from ({CREDITED}) as fact where order_count = 1"
        f" group by {TEAM_CELL} having count(customer_key) > 0 order by {TEAM_CELL}"
    )
    assert counted == warehouse.query(
        f"select {TEAM_CELL}, buyer_count from marts.mart_team_month where buyer_count > 0 order by {TEAM_CELL}"
    )


def months_of_working_days_are_whole(warehouse: Warehouse) -> None:
    """What came on days off is lost on no working day; the last one has the whole month, as the next month sees it."""
    running = AS_OF.date().replace(day=1)
    expected = warehouse.query(
        "select received_month, region_code, sum(amount) from core.core_receipt where received_month < %s"
        " group by 1, 2 having sum(amount) <> 0 order by 1, 2",
        [running],
    )
    assert expected
    pace = "from marts.mart_receivable_pace where month < %s"
    assert expected == warehouse.query(
        f"select month, region_code, sum(received_amount) {pace}"
        " group by 1, 2 having sum(received_amount) <> 0 order by 1, 2",
        [running],
    )
    assert expected == warehouse.query(
        f"select month, region_code, cumulative_amount {pace}"
        " and working_day = working_days_in_month and cumulative_amount <> 0 order by 1, 2",
        [running],
    )
    seen_later = warehouse.query(
        "select now.previous_month_amount, before.cumulative_amount from marts.mart_receivable_pace as now"
        " inner join marts.mart_receivable_pace as before on now.region_code = before.region_code"
        " and now.month = before.month + interval '1 month'"
        " and before.working_day = least(now.working_day, before.working_days_in_month)"
    )
    assert seen_later
    assert all(told == was for told, was in seen_later)


@pytest.mark.parametrize("seed", [1, 2])
def test_metrics_add_up(warehouse: Warehouse, huaxing: Workspace, context: BuildContext, seed: int) -> None:
    """Sums of `mart_metric` over regions and months are those of the mart; quotients follow from the sums alone."""
    book = metric_book(huaxing)
    followed = [each for each in book.metrics.values() if each.month]
    table = context.graph["mart_metric"]
    random = Random(seed)
    warehouse.create_tables(context.graph.upstream(table), context)
    for mart in sorted({each.mart for each in followed}):
        warehouse.insert(f"marts.{mart}", list(any_rows(context.graph[mart].contract, random)))
    build(warehouse.connection, table, context)

    for each in followed:
        rows = f"marts.{each.mart} where {each.month} is not null"
        ((whole,),) = warehouse.query(f"select {each.expression} from {rows}")
        ((upper, lower),) = warehouse.query(
            "select sum(numerator), sum(denominator) from marts.mart_metric"
            " where metric_id = %s and region_code = 'company'",
            [each.id],
        )
        if each.metric.kind == "additive":
            assert upper == (whole or None), each.id
        elif each.numerator and each.denominator:
            assert upper / lower == pytest.approx(whole), each.id
        scope = context.graph[each.mart].contract.row_scope
        if each.numerator and scope and scope.region:
            regions = regions_and_company(warehouse, each.id)
            # One that counts rows of a kind only may have found none.
            assert regions or not whole, each.id
            assert all(parts == company for parts, company in regions), each.id
        else:
            assert each.numerator or upper is None, f"{each.id}: sums of what does not add up"


def regions_and_company(warehouse: Warehouse, metric: str) -> list[tuple[Any, Any]]:
    """Of each month numerator and denominator, added up over the regions and as the whole company has them."""
    found = warehouse.query(
        "select region_code = 'company', month, coalesce(sum(numerator), 0), coalesce(sum(denominator), 0)"
        " from marts.mart_metric where metric_id = %s group by 1, 2 order by 1, 2",
        [metric],
    )
    regions = {row[1]: row[2:] for row in found if not row[0]}
    company = {row[1]: row[2:] for row in found if row[0]}
    assert regions.keys() == company.keys(), metric
    return [(regions[month], company[month]) for month in regions]


def any_rows(contract: Contract, random: Random) -> Iterator[dict[str, Any]]:
    """Rows that the contract allows, of few months and regions; nulls where they may be."""
    scope = contract.row_scope
    known = set()
    for number in range(60):
        row = {
            name: any_value(name, column, random, number)
            for name, column in contract.columns.items()
            if name in contract.grain or not column.nullable or random.random() < 0.9
        }
        if scope and scope.region:
            row[scope.region] = random.choice(("CN-SH", "CN-GD", "unknown"))
        key = tuple(row[name] for name in contract.grain)
        if key not in known:
            yield row
        known.add(key)


def any_value(name: str, column: Column, random: Random, number: int) -> Any:
    match column.type:
        case "text":
            return {"currency": "CNY", "outcome": random.choice(("won", "lost", "open"))}.get(name, f"{name} {number}")
        case "date":
            return date(2024, random.randint(1, 4), 1)
        case "timestamptz":
            return AS_OF
        case "boolean":
            return random.choice((True, False))
        case "jsonb":
            return "{}"
        case "integer" | "bigint":
            return random.randint(0, 9)
        case _:
            return Decimal(random.randint(-99, 999)) / 10
