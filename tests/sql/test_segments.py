"""Segments: their examples come out, since when somebody belongs to one outlives every rebuild, wrong rules are refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from psycopg2 import sql

from cockpit.errors import RuleFileError
from cockpit.rulebook.segments import PlacedSegment, Segment, Segments, load_segments
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.builds import note_changed_rows
from cockpit.warehouse.model_files import load_models
from cockpit.warehouse.runner import BuildContext, build
from cockpit.warehouse.segment_rules import check_segments
from cockpit.warehouse.sql_text import parse_expression
from tests.sql.database import Warehouse, context_of

MEMBER, PROFILE = "marts.mart_segment_member", "core.core_customer_profile"
# Changed at random here, for tests/sql/test_incremental_models.py.
EXERCISED = {"mart_segment_member"}


def segment(rule: str, **values: Any) -> PlacedSegment:
    given = {"id": "s", "family": "risk", "name_en": "Some", "name_zh": "某", "description": "some", "owner": "us"}
    return PlacedSegment(Segment(**{**given, "description_zh": "某", "rule": rule, **values}), "s.yml:9")


def test_the_five_families_ship_with_examples(huaxing: Workspace) -> None:
    assert {each.family for each in huaxing.segments} == {"profile", "behaviour", "transaction", "interaction", "risk"}
    assert {"high_value_silent", "asks_without_ordering"} <= {each.id for each in huaxing.segments}
    assert all(each.examples for each in huaxing.segments)


def test_examples_come_out(warehouse: Warehouse, huaxing: Workspace) -> None:
    columns = load_models(huaxing)["core_customer_profile"].contract.columns
    for each in huaxing.segments:
        for example in each.examples:
            parameters = {**huaxing.parameters, "business_date": example.day}
            row = sql.SQL(", ").join(
                sql.SQL("cast({} as {}) as {}").format(
                    sql.Literal(example.row.get(name)), sql.SQL(column.type), sql.Identifier(name)
                )
                for name, column in columns.items()
            )
            assert set(example.row) <= set(columns), each.id
            rule = parse_expression(each.rule, each.id).render(parameters).replace("%", "%%")
            statement = sql.SQL("select coalesce({}, false) from (select {}) as profile").format(sql.SQL(rule), row)
            found = warehouse.query(statement.as_string(warehouse.connection), ())
            assert found == [(example.member,)], (each.id, example)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("order_count > ", "not readable"),
        ("orders > 3", "unknown column"),
        ("order_count > :enough", "unknown parameter"),
        ("order_count / cancelled_count > 2", "divides by what may be 0"),
        ("order_count / 0 > 2", "divides by what may be 0"),
        ("order_count + 1", "is no condition"),
        ("customer_key in (select customer_key from core.core_order)", "only compares columns"),
        ("pg_sleep(10) is null", "only compares columns"),
        ("set_config('app.identity', 'x', false) = 'x'", "only compares columns"),
        ("cast('pg_authid' as regclass) is null", "only compares columns"),
        ("profile.order_count > 1", "only compares columns"),
    ],
)
def test_a_rule_that_does_more_than_compare_is_refused(huaxing: Workspace, rule: str, message: str) -> None:
    columns = load_models(huaxing)["core_customer_profile"].contract.columns
    with pytest.raises(RuleFileError, match=message) as caught:
        check_segments(Segments((segment(rule),)), columns, {"business_date"})
    assert str(caught.value).startswith("s.yml:9: ")


def test_a_wrong_segment_leaves_the_others_as_they_were(huaxing: Workspace) -> None:
    wrong = huaxing.model_copy(update={"segments": Segments((*huaxing.segments.placed, segment("no_column = 1")))})
    graph = load_models(wrong)
    assert [str(fault) for fault in graph.faults if "no_column" in str(fault)]
    assert [model.name for model in graph.models.values() if model.fault] == ["core_segment"]


def test_a_file_is_named_as_its_segment(tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text(
        "id: s\nfamily: risk\nname_en: Some\nname_zh: 某\ndescription: some\ndescription_zh: 某\n"
        "rule: order_count > 1\nowner: us\n",
        encoding="utf-8",
    )
    with pytest.raises(RuleFileError, match=r"other.yml:1: id differs"):
        load_segments(tmp_path)


class Days:
    """A warehouse in which one customer's money changes from day to day."""

    def __init__(self, warehouse: Warehouse, workspace: Workspace, refresh: str) -> None:
        self.warehouse = warehouse
        self.refresh = refresh
        only = Segments((segment("order_count > 1", refresh=refresh),))
        self.context = context_of(
            workspace.model_copy(update={"segments": only}), datetime.fromisoformat("2026-03-02T10:00+08:00")
        )
        model = self.context.graph["mart_segment_member"]
        warehouse.create_tables(self.context.graph.upstream(model), self.context)
        build(warehouse.connection, self.context.graph["core_segment"], self.context)
        warehouse.insert(PROFILE, [{"customer_key": key, "region_code": "unknown"} for key in "ab"])

    def on(self, day: str, *, orders: int, full: bool = True) -> BuildContext:
        """The business day on which customer a has so many orders; b never leaves."""
        context = replace(self.context, as_of=datetime.fromisoformat(f"{day}T10:00+08:00"))
        self.warehouse.execute(
            f"update {PROFILE} set order_count = case customer_key when 'a' then %s else 9 end", (orders,)
        )
        build(self.warehouse.connection, context.graph["mart_segment_member"], context, full=full)
        return context

    def since(self) -> dict[str, date]:
        return dict(self.warehouse.query(f"select customer_key, since from {MEMBER}"))


def test_since_when_outlives_a_rebuild_and_ends_with_a_gap(warehouse: Warehouse, huaxing: Workspace) -> None:
    days = Days(warehouse, huaxing, "daily")
    days.on("2026-03-02", orders=2)
    days.on("2026-03-03", orders=5)
    # Days without a run are no gap, and a table that is lost is made again.
    warehouse.execute(f"drop table {MEMBER}")
    days.on("2026-03-06", orders=5)
    assert days.since() == {"a": date(2026, 3, 2), "b": date(2026, 3, 2)}

    days.on("2026-03-07", orders=1)
    assert days.since() == {"b": date(2026, 3, 2)}
    # Corrected on the same day: it was never away.
    days.on("2026-03-07", orders=2)
    assert days.since() == {"a": date(2026, 3, 2), "b": date(2026, 3, 2)}
    days.on("2026-03-08", orders=1)
    days.on("2026-03-09", orders=2)
    assert days.since() == {"a": date(2026, 3, 9), "b": date(2026, 3, 2)}
    assert warehouse.query(
        "select since, until from ops.segment_membership where customer_key = 'a' order by since"
    ) == [(date(2026, 3, 2), date(2026, 3, 8)), (date(2026, 3, 9), None)]


def test_a_weekly_segment_waits_for_its_week(warehouse: Warehouse, huaxing: Workspace) -> None:
    days = Days(warehouse, huaxing, "weekly")
    # A Monday.
    days.on("2026-03-02", orders=2)
    days.on("2026-03-08", orders=1)
    assert set(days.since()) == {"a", "b"}
    days.on("2026-03-09", orders=1)
    assert days.since() == {"b": date(2026, 3, 2)}
    # A customer that is gone leaves at once.
    warehouse.execute(f"delete from {PROFILE} where customer_key = 'b'")
    days.on("2026-03-10", orders=1)
    assert days.since() == {}


@pytest.mark.parametrize("rounds", [30, pytest.param(300, marks=pytest.mark.full)])
def test_some_customers_at_a_time_are_judged_like_all(warehouse: Warehouse, huaxing: Workspace, rounds: int) -> None:
    """Customers come, go and change at random, some days several times."""
    only = Segments((segment("order_count > 1", refresh="daily"),))
    context = context_of(
        huaxing.model_copy(update={"segments": only}), datetime.fromisoformat("2026-03-02T10:00+08:00")
    )
    model = context.graph["mart_segment_member"]
    warehouse.create_tables(context.graph.upstream(model), context)
    build(warehouse.connection, context.graph["core_segment"], context)
    random = Random(7)
    orders: dict[str, int] = {}
    since: dict[str, date] = {}
    left: dict[str, tuple[date, date]] = {}
    kinds: Counter[str] = Counter()
    for _round in range(rounds):
        today = context.as_of.date()
        keys = random.sample("abcdefghijkl", random.randint(1, 4))
        for key in keys:
            if key in orders and random.random() < 0.2:
                del orders[key]
                warehouse.execute(f"delete from {PROFILE} where customer_key = %s", (key,))
                continue
            if key not in orders:
                warehouse.insert(PROFILE, [{"customer_key": key, "region_code": "unknown"}])
            orders[key] = random.randint(0, 3)
            warehouse.execute(f"update {PROFILE} set order_count = %s where customer_key = %s", (orders[key], key))
        with warehouse.connection, warehouse.connection.cursor() as cursor:
            note_changed_rows(cursor, PROFILE, keys, "test", context.as_of, column="customer_key")
        members = {key for key, count in orders.items() if count > 1}
        for key in since.keys() - members:
            left[key] = (since.pop(key), today)
        for key in members - since.keys():
            began, ended = left.get(key, (today, today))
            # Who left today and is back today was never away.
            since[key] = began if ended == today else today

        kinds[build(warehouse.connection, model, context).kind] += 1
        assert dict(warehouse.query(f"select customer_key, since from {MEMBER}")) == since
        assert build(warehouse.connection, model, context, full=True).changed == 0
        if random.random() < 0.4:
            context = replace(context, as_of=context.as_of + timedelta(days=1))
    # A new day asks everybody; between two of them those who changed.
    assert kinds["incremental"] > rounds / 3, kinds
