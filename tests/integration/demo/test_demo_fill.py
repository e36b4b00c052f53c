"""Filling and simulating on real databases; the tests of this file build on each other's data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2.errors
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.clock import Clock
from cockpit.demo.company import Company
from cockpit.demo.fill import fill, stored_generation
from cockpit.demo.simulate import SimulatedDay, simulate_day
from cockpit.demo.systems import Systems
from cockpit.errors import StackError, TerminalError

NEXT_DAY = date(2026, 11, 19)

# Anomalies by kind, found by looking at the rows alone.
VISIBLE_ANOMALIES = """
    select 'receipt', count(*) from receipt
    where
        amount <= 0 or currency is null or received_at > '2026-11-18 15:30+08'
        or customer_id not in (select customer_id from customer)
    union all
    select 'sales_order', count(*) from sales_order
    where
        currency is null or ordered_at > '2026-11-18 15:30+08'
        or customer_id not in (select customer_id from customer)
        or order_id not in (select min(order_id) from sales_order group by order_number)
    union all
    select 'sales_order_line', count(*) from sales_order_line
    where quantity <= 0 or abs(amount - quantity * unit_price) > 0.01
    union all
    select 'invoice', count(*) from invoice where net_amount + tax_amount <> amount
    union all
    select 'acceptance_bill', count(*) from acceptance_bill where due_on <= issued_on
    union all
    select 'receipt_claim', count(*) from receipt_claim where amount <= 0
"""
# The CRM's, by entity and kind; a contract that is above what was received needs the ERP.
VISIBLE_CRM_ANOMALIES = """
    select 'activity', 'dated_in_future', count(*) from activity where started_at > '2026-11-18 15:30+08'
    union all
    select 'activity', 'visit_without_result', count(*) from activity where kind = 'visit' and result is null
    union all
    select 'contract', 'dated_in_future', count(*) from contract where signed_on > '2026-11-18'
    union all
    select 'contract', 'missing_currency', count(*) from contract where currency is null
    union all
    select 'contract', 'signed_amount_zero', count(*) from contract where amount <= 0 and not is_framework
    union all
    select 'contract', 'duplicate_contract_number', count(*) from contract as later
    where later.status = 'active' and exists (
        select from contract as earlier
        where
            earlier.status = 'active'
            and earlier.contract_number = later.contract_number
            and earlier.contract_id < later.contract_id
    )
    union all
    select 'opportunity', 'dated_in_future', count(*) from opportunity
    where created_at > '2026-11-18 15:30+08' and closed_at is null
    union all
    select 'opportunity', 'missing_currency', count(*) from opportunity where currency is null
    union all
    select 'opportunity', 'negative_cycle', count(*) from opportunity where closed_at < created_at
    union all
    select 'opportunity_stage_history', 'stage_backwards', count(*) from (
        select
            stage,
            lag(stage) over (partition by opportunity_id order by entered_at, history_id) as before
        from opportunity_stage_history
    ) as step
    where
        array_position(array['contact', 'requirement', 'proposal', 'negotiation', 'won', 'lost'], stage)
        < array_position(array['contact', 'requirement', 'proposal', 'negotiation', 'won', 'lost'], before)
"""


def rows(connection: PgConnection, query: str) -> list[tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def tables_of(connection: PgConnection, schema: str) -> list[str]:
    found = rows(connection, f"select table_name from information_schema.tables where table_schema = '{schema}'")
    return sorted(f"{schema}.{name}" for (name,) in found)


def content(systems: Systems) -> list[tuple[Any, ...]]:
    """A hash of each table; equal content, equal hashes."""
    hashed = "select '{0}', count(*), sum(hashtextextended(cast(t as text), 0)) from {0} as t"
    return [
        row
        for connection, schema in ((systems.erp, "public"), (systems.crm, "public"), (systems.truth, "truth"))
        for row in sorted(
            rows(connection, " union all ".join(hashed.format(table) for table in tables_of(connection, schema)))
        )
    ]


@pytest.fixture
def filled(systems: Systems, company: Company) -> None:
    fill(systems, company)


def test_nothing_to_simulate_or_reuse_before_the_first_fill(systems: Systems) -> None:
    assert stored_generation(systems.truth) is None
    with pytest.raises(StackError, match="not been generated"):
        simulate_day(systems, NEXT_DAY)


def test_fill_writes_the_company(systems: Systems, erp: PgConnection, crm: PgConnection, company: Company) -> None:
    progress: list[float] = []
    report = fill(systems, company, on_progress=progress.append)
    assert not report.is_reused
    assert report.rows["customer"] == 2000
    assert report.rows["sales_order"] == 20000
    counted = rows(erp, "select count(*) from sales_order_line union all select count(*) from receipt")
    assert counted == [(report.rows["sales_order_line"],), (report.rows["receipt"],)]
    counted = rows(crm, "select count(*) from account union all select count(*) from activity")
    assert counted == [(report.rows["crm.account"],), (report.rows["crm.activity"],)]
    assert progress[-1] == 1.0
    assert report.seconds > 0


@pytest.mark.usefixtures("filled")
def test_fill_twice_changes_nothing(systems: Systems, company: Company) -> None:
    before = content(systems)
    assert fill(systems, company).is_reused
    assert content(systems) == before


@pytest.mark.usefixtures("filled")
def test_later_on_the_same_day_is_the_same_company(systems: Systems, company: Company) -> None:
    later = replace(company, clock=Clock(company.clock.as_of + timedelta(hours=2)))
    assert fill(systems, later).is_reused


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("system", "table"), [("erp", "sales_order"), ("crm", "account")])
def test_a_system_that_was_emptied_is_filled_again(systems: Systems, company: Company, system: str, table: str) -> None:
    before = content(systems)
    connection: PgConnection = getattr(systems, system)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"truncate {table}")
    assert not fill(systems, company).is_reused
    assert [row for row in content(systems) if row[0] != "truth.generation"] == [
        row for row in before if row[0] != "truth.generation"
    ]


def test_a_fill_that_fails_leaves_what_was_there(
    systems: Systems, company: Company, filled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(systems)

    def stop(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(systems, replace(company, seed=8), on_progress=stop)
    assert content(systems) == before


@pytest.mark.usefixtures("filled")
def test_a_company_of_an_earlier_version_is_not_mixed(systems: Systems, company: Company) -> None:
    with systems.truth as truth, truth.cursor() as cursor:
        cursor.execute("alter table truth.trap_pair rename to trap")
    with pytest.raises(StackError, match="earlier version"):
        fill(systems, company)
    with systems.truth as truth, truth.cursor() as cursor:
        cursor.execute("alter table truth.trap rename to trap_pair")


@pytest.mark.usefixtures("filled")
def test_truth_knows_every_visible_anomaly(erp: PgConnection, truth: PgConnection) -> None:
    known = rows(
        truth, "select entity, count(*) from truth.anomaly where system = 'erp' group by entity order by entity"
    )
    assert sorted(rows(erp, VISIBLE_ANOMALIES)) == known


@pytest.mark.usefixtures("filled")
def test_truth_knows_every_visible_anomaly_of_the_crm(crm: PgConnection, truth: PgConnection) -> None:
    known = dict[tuple[str, str], int]()
    for entity, kind, count in rows(
        truth, "select entity, kind, count(*) from truth.anomaly where system = 'crm' group by entity, kind"
    ):
        known[entity, kind] = count
    for entity, kind, count in rows(crm, VISIBLE_CRM_ANOMALIES):
        assert count == known.pop((entity, kind)) > 0, (entity, kind)
    assert set(known) == {
        ("account", "impossible_phone"),
        ("account", "placeholder_phone"),
        ("account", "wrong_credit_code"),
        ("contact", "email_domain_typo"),
        ("contract", "receipt_above_contract"),
        ("contract", "receipt_before_signing"),
        ("lead", "fake_registration"),
        ("lead", "placeholder_phone"),
    }


@pytest.mark.usefixtures("filled")
def test_contracts_and_receipts_contradict_each_other_where_it_is_planted_only(
    erp: PgConnection, crm: PgConnection, truth: PgConnection
) -> None:
    paid = {
        order_id: (amount, first)
        for order_id, amount, first in rows(
            erp,
            "select order_id, sum(amount), min(received_at) from receipt"
            " where order_id is not null and amount > 0 and currency is not null"
            " and received_at <= '2026-11-18 15:30+08' and customer_id < 700000000 group by order_id",
        )
    }
    above, before = set(), set()
    for key, amount, basis, rate, signed_on in rows(
        crm, "select contract_id, amount, tax_basis, tax_rate, signed_on from contract where not is_framework"
    ):
        if key in paid:
            gross = amount if basis == "with_tax" else amount * (1 + rate)
            received, first = paid[key]
            if amount > 0 and received > gross + 1:
                above.add(str(key))
            if first.astimezone(ZoneInfo("Asia/Shanghai")).date() < signed_on <= date(2026, 11, 18):
                before.add(str(key))
    for kind, found in (("receipt_above_contract", above), ("receipt_before_signing", before)):
        known = rows(truth, f"select key from truth.anomaly where system = 'crm' and kind = '{kind}'")
        assert {key for (key,) in known} == found, kind


@pytest.mark.usefixtures("filled")
def test_every_record_of_the_crm_has_its_company(crm: PgConnection, truth: PgConnection) -> None:
    known = dict(rows(truth, "select entity, count(*) from truth.cluster where system = 'crm' group by entity"))
    (leads,) = rows(
        truth,
        "select count(*) from (select key from truth.anomaly where system = 'crm' and kind = 'fake_registration' union"
        " select key from truth.boundary_case where system = 'crm' and kind = 'fake_registration') as nobody",
    )[0]
    counted = dict(
        rows(
            crm,
            "select 'account', count(*) from account union all select 'contact', count(*) from contact"
            " union all select 'lead', count(*) from lead",
        )
    )
    assert known == {**counted, "lead": counted["lead"] - leads}


@pytest.mark.usefixtures("filled")
def test_records_of_the_crm_belong_together(crm: PgConnection) -> None:
    """Nothing points to what is not there, and numbers are unique where no fault is planted."""
    for query in (
        "select count(*) from contact left join account using (account_id) where account.account_id is null",
        "select count(*) from opportunity left join account using (account_id) where account.account_id is null",
        "select count(*) from activity left join account using (account_id) where account.account_id is null",
        (
            "select count(*) from contract left join opportunity using (opportunity_id)"
            " where contract.opportunity_id is not null and opportunity.opportunity_id is null"
        ),
        (
            "select count(*) from account as child left join account as parent"
            " on child.parent_account_id = parent.account_id"
            " where child.parent_account_id is not null and parent.account_id is null"
        ),
        "select count(*) from app_user left join org_unit using (org_unit_code) where org_unit.org_unit_code is null",
        (
            "select count(*) from attachment where record_type = 'activity'"
            " and not exists (select from activity where activity_id = record_id)"
        ),
        "select count(*) from account where owner_username not in (select username from app_user)",
    ):
        assert rows(crm, query) == [(0,)], query


@pytest.mark.usefixtures("filled")
def test_targets_of_units_add_up(erp: PgConnection) -> None:
    wrong = """
        with summed as (
            select split_part(org_unit_code, '-', 1) as unit, month, kind, sum(amount) as amount
            from staff_target where org_unit_code like '%-1' group by 1, 2, 3
        )
        select count(*) from summed inner join staff_target on staff_target.org_unit_code = summed.unit
            and staff_target.month = summed.month and staff_target.kind = summed.kind
        where staff_target.amount <> summed.amount
    """
    assert rows(erp, wrong) == [(0,)]
    assert rows(erp, "select count(distinct kind) from staff_target where org_unit_code = 'HX'") == [(3,)]


@pytest.mark.usefixtures("filled")
def test_no_receipt_is_claimed_above_its_amount(erp: PgConnection) -> None:
    above = """
        select count(*) from receipt
        inner join (
            select receipt_id, sum(amount) as claimed from receipt_claim where amount > 0 group by receipt_id
        ) as claim using (receipt_id)
        where claim.claimed > receipt.amount
    """
    assert rows(erp, above) == [(0,)]
    states = "select count(*) from receipt where not exists (select from receipt_claim as c where c.receipt_id = receipt.receipt_id)"
    assert rows(erp, states)[0][0] > 500, "some receipts are not claimed"


@pytest.mark.usefixtures("filled")
def test_truth_is_the_sum_of_the_clean_rows(erp: PgConnection, truth: PgConnection) -> None:
    wrong = [
        key
        for (key,) in rows(
            truth, "select cast(key as bigint) from truth.anomaly where system = 'erp' and entity = 'receipt'"
        )
    ]
    clean = f"""
        select
            region_code,
            cast(date_trunc('month', received_at at time zone 'Asia/Shanghai') as date) as month,
            sum(amount)
        from receipt
        where receipt_id <> all (array{wrong})
        group by 1, 2
        order by 1, 2
    """
    known = "select region_code, month, received_amount from truth.region_month where received_amount > 0 order by 1, 2"
    assert rows(erp, clean) == rows(truth, known)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("table", ["cluster", "person", "anomaly", "region_month", "generation"])
def test_pipelines_cannot_read_truth(etl: PgConnection, table: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows(etl, f"select count(*) from truth.{table}")


@pytest.mark.usefixtures("filled")
def test_a_simulated_day_adds_and_changes_rows(systems: Systems, erp: PgConnection, truth: PgConnection) -> None:
    received = rows(truth, "select sum(received_amount) from truth.region_month")[0][0]
    day = simulate_day(systems, NEXT_DAY)
    assert day.new_orders > 12
    assert day.late_orders == 3
    changed = rows(
        erp,
        """
        select
            count(*) filter (where order_id > 20000),
            count(*) filter (where order_id > 20000 and ordered_at < '2026-11-19 00:00+08'),
            count(*) filter (where order_id <= 20000)
        from sales_order where updated_at >= '2026-11-19 00:00+08'
        """,
    )
    assert changed == [(day.new_orders, day.late_orders, day.delivered_orders)]
    customers = rows(erp, "select count(*) from customer where updated_at >= '2026-11-19 00:00+08'")
    assert customers == [(day.corrected_customers,)]
    new_money = rows(erp, "select sum(amount), count(*) from receipt where updated_at >= '2026-11-19 00:00+08'")
    assert new_money[0][1] == day.new_receipts
    now_received = rows(truth, "select sum(received_amount) from truth.region_month")[0][0]
    assert now_received - received == new_money[0][0] > Decimal(0)
    assert rows(truth, "select value from truth.expected where figure = 'received_amount'") == [(now_received,)]


def test_the_same_day_twice_is_one_day(systems: Systems) -> None:
    before = content(systems)
    assert simulate_day(systems, NEXT_DAY) == SimulatedDay(day=NEXT_DAY, is_reused=True)
    assert content(systems) == before


def test_the_day_changed_and_removed_rows_of_the_crm_and_truth_knows_which(
    crm: PgConnection, truth: PgConnection
) -> None:
    deleted = rows(truth, "select entity, key from truth.deleted order by entity, key")
    assert {entity: sum(1 for one, _key in deleted if one == entity) for entity in ("activity", "lead")} == {
        "activity": 4,
        "lead": 3,
    }
    for entity, key in deleted:
        assert rows(crm, f"select count(*) from {entity} where {entity}_id = {key}") == [(0,)]
        assert rows(truth, f"select count(*) from truth.cluster where entity = '{entity}' and key = '{key}'") == [(0,)]
    since = "updated_at >= '2026-11-19 00:00+08'"
    for table in ("account", "lead", "opportunity", "opportunity_stage_history", "contract", "activity"):
        assert rows(crm, f"select count(*) from {table} where {since}")[0][0] > 0, table
    late = rows(crm, f"select count(*) from activity where {since} and started_at < '2026-11-16 00:00+08'")
    assert late[0][0] >= 3
    missing = rows(
        crm,
        "select count(*) from opportunity_stage_history left join opportunity using (opportunity_id)"
        " where opportunity.opportunity_id is null",
    )
    assert missing == [(0,)]


def test_days_go_forward_only(systems: Systems) -> None:
    with pytest.raises(TerminalError, match="after 2026-11-19"):
        simulate_day(systems, date(2026, 11, 17))


@pytest.mark.parametrize(
    ("day", "lost"),
    [
        pytest.param(date(2026, 11, 20), "truth", id="truth"),
        pytest.param(date(2026, 11, 21), "truth and crm", id="both"),
    ],
)
def test_a_day_that_was_not_committed_everywhere_is_done_again(systems: Systems, day: date, lost: str) -> None:
    """The process was killed between two of the commits: ERP, then CRM, then truth."""
    reference = _undone(systems, day, lost)
    again = simulate_day(systems, day)
    assert (again.new_orders, again.new_receipts, again.crm) == (
        reference.new_orders,
        reference.new_receipts,
        reference.crm,
    )
    counted = rows(systems.truth, f"select count(*) from truth.simulated_day where business_date = '{day}'")
    assert counted == [(1,)]
    orders = rows(systems.erp, "select count(*), count(distinct order_id) from sales_order")
    assert orders[0][0] == orders[0][1]
    assert rows(systems.crm, "select count(*) from generator.simulated_day")[0][0] == len(
        rows(systems.truth, "select 1 from truth.simulated_day")
    )


def _undone(systems: Systems, day: date, lost: str) -> SimulatedDay:
    """Simulate a day whose last commits fail."""

    class Failing:
        """A connection that rolls back when it is left."""

        def __init__(self, connection: PgConnection) -> None:
            self._connection = connection

        def __enter__(self) -> PgConnection:
            return self._connection.__enter__()

        def __exit__(self, *_error: object) -> None:
            self._connection.__exit__(RuntimeError, RuntimeError(), None)

        def cursor(self) -> Any:
            return self._connection.cursor()

    crm = Failing(systems.crm) if "crm" in lost else systems.crm
    doomed = Systems(erp=systems.erp, crm=crm, truth=Failing(systems.truth))  # type: ignore[arg-type]
    return simulate_day(doomed, day)


def test_the_crm_gets_another_form_half_way(systems: Systems, crm: PgConnection, truth: PgConnection) -> None:
    """The third day has come with the drift that crm.yml plants."""
    columns = {
        name for (name,) in rows(crm, "select column_name from information_schema.columns where table_name = 'lead'")
    }
    assert {"wechat_id", "phone_number"} <= columns
    assert "mobile" not in columns
    assert rows(truth, "select kind, column_name, new_name from truth.drift order by kind") == [
        ("added", "wechat_id", None),
        ("renamed", "mobile", "phone_number"),
    ]
    simulate_day(systems, date(2026, 11, 23))
    newest = rows(crm, "select phone_number, wechat_id from lead order by lead_id desc limit 8")
    assert all(wechat for _phone, wechat in newest)
    assert any(phone for phone, _wechat in newest)


def test_the_demo_is_reused_after_simulated_days(systems: Systems, company: Company) -> None:
    assert fill(systems, company).is_reused
    stored = stored_generation(systems.truth)
    assert stored is not None
    assert stored.last_day == date(2026, 11, 23)
