"""Whose rows a person reads: every mart against every kind of scope, as PostgreSQL answers and as worked out here.

The expected rows come from a few lines of Python over the same little company; nothing of it reads the policies.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg2.errors import InsufficientPrivilege
from psycopg2.extras import Json

from cockpit.bi.identity import connection_option, sign_identity
from cockpit.bi.scopes import write_security
from cockpit.rulebook.security import Deputy, Person, Role, Scope, SecurityRules, Subject, load_security
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.model_files import load_models
from tests.sql.database import Warehouse, context_of, copy_database
from tests.workspaces import WorkspaceDatabase

HUAXING = load_workspace(REPOSITORY / "include" / "workspace.yml")
MARTS = {model.name: model for model in load_models(HUAXING).layer("marts")}
ORGANISATION = ("core_org_unit", "core_region", "core_sales_rep", "core_customer_owner")
KEY = b"only known to this test, 32 bytes"
DATABASE = "test_row_scopes"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()

# The little company: two business units in two sales regions, one team, and who owns which customer.
REGIONS = {"CN-SH": "east", "CN-ZJ": "east", "CN-GD": "south", "unknown": None}
UNITS = ("PI", "AN", None)
TEAM = ("ma.li", "wu.di")
REPS = (*TEAM, "he.yi", None)
OWNERS = {"C1": "ma.li", "C2": "he.yi", "C3": None}
ORG_UNITS = [
    {"org_unit_code": "HX", "level": "company"},
    {"org_unit_code": "PI", "level": "business_unit", "business_unit_code": "PI"},
    {"org_unit_code": "X", "level": "business_unit"},
    {"org_unit_code": "X-east", "level": "sales_region", "sales_region_code": "east"},
    {"org_unit_code": "X-SH", "level": "region", "sales_region_code": "east", "region_code": "CN-SH"},
    {"org_unit_code": "PI-east", "level": "sales_region", "business_unit_code": "PI", "sales_region_code": "east"},
    {
        "org_unit_code": "PI-SH",
        "level": "region",
        "business_unit_code": "PI",
        "sales_region_code": "east",
        "region_code": "CN-SH",
    },
    {
        "org_unit_code": "PI-SH-1",
        "level": "team",
        "business_unit_code": "PI",
        "sales_region_code": "east",
        "region_code": "CN-SH",
        "team_code": "PI-SH-1",
    },
]


@dataclass(frozen=True)
class Row:
    """What the columns of a mart's row scope hold; absent columns are missing."""

    held: tuple[tuple[str, str | None], ...]

    def __getattr__(self, name: str) -> str | None:
        return dict(self.held).get(name)


Predicate = Callable[[Row], bool]


def of_east(row: Row) -> bool:
    return row.region in ("CN-SH", "CN-ZJ")


def of_rep(*usernames: str) -> Predicate:
    """Rows that name such a salesperson, or a customer of theirs."""
    return lambda row: row.rep in usernames or (row.customer is not None and OWNERS[row.customer] in usernames)


def nothing(_row: Row) -> bool:
    return False


def everything(_row: Row) -> bool:
    return True


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


# By user name: the scopes, and the rows they hold.
SCOPES: dict[str, tuple[list[dict[str, Any]], Predicate]] = {
    "all": ([{"kind": "all"}], everything),
    "none": ([], nothing),
    "region": ([{"kind": "region", "key": "CN-SH"}], lambda row: row.region == "CN-SH"),
    "two.regions": (
        [{"kind": "region", "key": "CN-SH"}, {"kind": "region", "key": "CN-GD"}],
        lambda row: row.region in ("CN-SH", "CN-GD"),
    ),
    "sales.region": ([{"kind": "sales_region", "key": "east"}], of_east),
    "matrix": (
        [{"kind": "sales_region", "key": "east", "business_unit": "PI"}],
        lambda row: of_east(row) and row.business_unit == "PI",
    ),
    "small.matrix": (
        [{"kind": "region", "key": "CN-GD", "business_unit": "AN"}],
        lambda row: row.region == "CN-GD" and row.business_unit == "AN",
    ),
    "business.unit": ([{"kind": "business_unit", "key": "AN"}], lambda row: row.business_unit == "AN"),
    "unit.of.business": ([{"kind": "unit", "key": "PI"}], lambda row: row.business_unit == "PI"),
    "unit.of.sales.region": (
        [{"kind": "unit", "key": "PI-east"}],
        lambda row: of_east(row) and row.business_unit == "PI",
    ),
    "unit.of.region": (
        [{"kind": "unit", "key": "PI-SH"}],
        lambda row: row.region == "CN-SH" and row.business_unit == "PI",
    ),
    "team": ([{"kind": "unit", "key": "PI-SH-1"}], of_rep(*TEAM)),
    "rep": ([{"kind": "rep", "key": "he.yi"}], of_rep("he.yi")),
    # The tree is data of a source: it never gives everything, and a unit without its codes gives nothing.
    "unit.of.company": ([{"kind": "unit", "key": "HX"}], nothing),
    "unit.without.code": ([{"kind": "unit", "key": "X"}], nothing),
    "sales.region.without.unit": ([{"kind": "unit", "key": "X-east"}], nothing),
    "region.without.unit": ([{"kind": "unit", "key": "X-SH"}], nothing),
    "unit.that.is.not": ([{"kind": "unit", "key": "ZZ"}], nothing),
    "rep.and.region": (
        [{"kind": "rep", "key": "ma.li"}, {"kind": "region", "key": "CN-GD"}],
        lambda row: row.region == "CN-GD" or of_rep("ma.li")(row),
    ),
    "until.today": ([{"kind": "all", "from": day(-9), "until": day(0)}], everything),
    "from.today": ([{"kind": "all", "from": day(0)}], everything),
    "expired": ([{"kind": "all", "until": day(-1)}], nothing),
    "not.yet": ([{"kind": "all", "from": day(1)}], nothing),
}
DEPUTIES: dict[str, tuple[dict[str, Any], Predicate]] = {
    "deputy": ({"username": "region"}, lambda row: row.region == "CN-SH"),
    "deputy.in.time": ({"username": "region", "from": day(-1), "until": day(1)}, lambda row: row.region == "CN-SH"),
    "deputy.too.late": ({"username": "region", "until": day(-1)}, nothing),
    "deputy.of.expired": ({"username": "expired"}, nothing),
}
EXPECTED = {name: predicate for name, (_given, predicate) in {**SCOPES, **DEPUTIES}.items()}


def person(**more: Any) -> Person:
    return Person(name="A B", name_zh="某人", email="a.b@x.example", **more)


def rules() -> SecurityRules:
    people = {
        name: person(roles=("reader",), scopes=[Scope(**each) for each in given]) for name, (given, _) in SCOPES.items()
    }
    people |= {name: person(deputy_for=[Deputy(**given)]) for name, (given, _) in DEPUTIES.items()}
    people["foreign"] = person(roles=("stranger",), scopes=[Scope(kind="all")])
    people["masked"] = person(roles=("masked",), scopes=[Scope(kind="all")])
    people["mixed"] = person(roles=("masked",), scopes=[Scope(kind="all")], deputy_for=[Deputy(username="region")])
    permissions = ("can_read on Chart",)
    return SecurityRules(
        roles={
            "reader": Role(label="R", label_zh="读", permissions=permissions, subjects=("s",), sees_personal=True),
            "masked": Role(label="M", label_zh="掩", permissions=permissions, subjects=("s",)),
            "stranger": Role(label="S", label_zh="外", permissions=permissions),
        },
        people=people,
        subjects={"s": Subject(label="S", label_zh="主题", marts=tuple(MARTS))},
    )


def filler(kind: str, name: str, number: int) -> Any:
    """Some value of a column's type, another one for each number."""
    if kind == "boolean":
        return number % 2 == 0
    if kind == "jsonb":
        return Json({"number": number})
    if kind.endswith("[]"):
        return [f"{name}{number}"]
    if kind.startswith(("date", "timestamp")):
        return date(2020, 1, 1) + timedelta(days=number)
    return f"{name}{number}" if kind == "text" else number


def rows_of(mart: str) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Each combination of values that the mart's scope columns may hold."""
    contract = MARTS[mart].contract
    scope = contract.row_scope
    values = {"region": tuple(REGIONS), "business_unit": UNITS, "rep": REPS, "customer": tuple(OWNERS)}
    kinds = {kind: column for kind in values if (column := getattr(scope, kind))}
    wanted = [
        [value for value in values[kind] if value is not None or contract.columns[column].nullable]
        for kind, column in kinds.items()
    ]
    known = set()
    for number, chosen in enumerate(itertools.product(*wanted)):
        row = {name: filler(column.type, name, number) for name, column in contract.columns.items()}
        row |= {"phone": f"+86138000{number:05}"} if "phone" in contract.columns else {}
        row |= dict(zip(kinds.values(), chosen, strict=True))
        key = tuple(row[name] for name in contract.grain)
        # Some marts have one row for a salesperson, wherever.
        if key not in known and None not in key:
            known.add(key)
            yield Row(tuple(zip(kinds, chosen, strict=True))), row


@pytest.fixture(scope="module")
def company(template: WorkspaceDatabase) -> WorkspaceDatabase:
    """A database with the little company and, in each mart, rows of everybody."""
    database = copy_database(template, DATABASE)
    context = context_of(HUAXING, datetime.fromisoformat("2026-03-05T10:00+08:00"))
    with closing(database.connect()) as connection:
        warehouse = Warehouse(connection)
        warehouse.create_tables([context.graph[name] for name in ORGANISATION], context)
        warehouse.create_tables(list(MARTS.values()), context)
        warehouse.insert("core.core_org_unit", ORG_UNITS)
        warehouse.insert(
            "core.core_region",
            [{"region_code": code, "sales_region_code": sales} for code, sales in REGIONS.items()],
        )
        warehouse.insert(
            "core.core_sales_rep",
            [{"username": name, "valid_from": "-infinity", "team_code": "PI-SH-1", "is_active": True} for name in TEAM]
            # Has left: the team's lead sees the successor's figures.
            + [{"username": "he.yi", "valid_from": "-infinity", "team_code": "PI-SH-1", "is_active": False}],
        )
        warehouse.insert(
            "core.core_customer_owner",
            [{"customer_key": key, "valid_from": "2021-01-01", "owner_username": rep} for key, rep in OWNERS.items()]
            # Owned it once.
            + [{"customer_key": "C3", "valid_from": "2020-01-01", "valid_to": "2021-01-01", "owner_username": "ma.li"}],
        )
        for mart in MARTS:
            warehouse.insert(f"marts.{mart}", [row for _scope, row in rows_of(mart)])
        with connection, connection.cursor() as cursor:
            write_security(cursor, rules(), HUAXING.zone, KEY)
    return database


def ask(company: WorkspaceDatabase, username: str, statement: str) -> list[tuple[Any, ...]]:
    option = connection_option(sign_identity(username, KEY, int(time.time()) + 60))
    with closing(company.connect("bi_reader", options=option)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def seen(company: WorkspaceDatabase, username: str, mart: str) -> Counter[tuple[Any, ...]]:
    columns = MARTS[mart].contract.row_scope.columns
    return Counter(ask(company, username, f"select {', '.join(columns) or 'count(*)'} from marts.{mart}"))


@pytest.mark.parametrize("mart", MARTS)
def test_each_scope_shows_its_rows_and_no_others(mart, company):
    rows = [row for row, _values in rows_of(mart)]
    columns = MARTS[mart].contract.row_scope.columns
    for username, predicate in EXPECTED.items():
        allowed = [row for row in rows if predicate(row)]
        if columns:
            expected = Counter(tuple(value for _kind, value in row.held) for row in allowed)
        else:
            # One row: for everybody with a scope that holds anything, or about the whole company.
            is_seen = predicate is not nothing if MARTS[mart].contract.row_scope.everybody else predicate is everything
            expected = Counter([(int(is_seen),)])
        assert seen(company, username, mart) == expected, username


@pytest.mark.parametrize("mart", MARTS)
def test_a_role_reads_the_marts_of_its_subjects_only(mart, company):
    assert ask(company, "foreign", f"select count(*) from marts.{mart}") == [(0,)]


def test_everybody_of_the_demo_is_somebody(company):
    """The rules of the repository can be written, and a second time change nothing."""
    shipped = load_security(REPOSITORY / "include/rules/security")
    with closing(company.connect()) as connection, connection.cursor() as cursor:
        assert write_security(cursor, shipped, HUAXING.zone, KEY).total > 0
        assert write_security(cursor, shipped, HUAXING.zone, KEY).total == 0
        connection.rollback()
    assert {entry.mart for entry in shipped.readable()} == set(MARTS)


PHONES = "select region_code, phone, contact_name, email from marts.mart_customer_contact_masked"


@pytest.mark.parametrize(
    ("username", "clear"),
    [("all", set(REGIONS)), ("region", {"CN-SH"}), ("masked", set()), ("mixed", {"CN-SH"})],
)
def test_personal_columns_are_masked_row_by_row(username, clear, company):
    answer = ask(company, username, PHONES)
    assert {region for region, *_rest in answer} == ({"CN-SH"} if username == "region" else set(REGIONS))
    for region, phone, name, email in answer:
        assert ("****" not in phone) == (region in clear), region
        assert name.endswith("**") == (region not in clear)
        assert ("***" in email) == (region not in clear)


def test_a_masked_value_cannot_be_guessed_by_asking_for_it(company):
    ((number, phone),) = ask(
        company,
        "all",
        "select contact_key, phone from marts.mart_customer_contact_masked where region_code = 'CN-SH' order by 1 limit 1",
    )
    question = f"select contact_key from marts.mart_customer_contact_masked where phone = '{phone}'"
    assert ask(company, "all", question) == [(number,)]
    assert ask(company, "masked", question) == []


@pytest.mark.parametrize("column", ["phone", "contact_name", "email", "*", "mart_customer_contact"])
def test_the_table_itself_does_not_give_personal_columns(column, company):
    with pytest.raises(InsufficientPrivilege):
        ask(company, "all", f"select {column} from marts.mart_customer_contact")


@pytest.mark.parametrize(
    "statement",
    ["set role bi_masker", "set session authorization bi_masker", "grant bi_masker to bi_reader"],
)
def test_bi_reader_cannot_become_the_owner_of_the_views(statement, company):
    with pytest.raises(InsufficientPrivilege):
        ask(company, "all", statement)
